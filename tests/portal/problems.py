"""What holds for every refusal of the API, and what it says of each field."""

import httpx

PROBLEM = "application/problem+json"
TITLES = {  # RFC 9110, whatever this Python's words are
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    500: "Internal Server Error",
}
MARK = "Zzyzx"  # stands in bodies that are refused, and must not come back


def errors_of(answer: httpx.Response, status: int = 422) -> dict[str, str]:
    """What it says of each field, after a look at everything that holds for every refusal."""
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == (f"urn:sijil:problem:{problem['code']}" if "code" in problem else "about:blank")
    assert problem["title"] == TITLES[status]
    assert problem["detail"]
    assert not any(trace in answer.text for trace in ("Traceback", 'File "', ".py", "psycopg", "pydantic"))
    assert MARK not in answer.text
    told = {each["field"]: each["message"] for each in problem.get("problems", [])}
    assert [said for said in told.values() if not (said[0].isupper() and said.endswith("."))] == []
    return told
