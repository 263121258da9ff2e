"""What the staff can do or read, and why: the codes of audit entries, each with its sentence.

Codes are for ever, as those of events are: entries that have them are never changed. What somebody needs a right for
(workflows/staff/rights.py) has its code from there.
"""

from enum import StrEnum


class Code(StrEnum):
    """A code with the sentence that says what it means."""

    sentence: str

    def __new__(cls, code: str, sentence: str = "") -> "Code":
        """A member is its code, as text."""
        made = str.__new__(cls, code)
        made._value_, made.sentence = code, sentence
        return made


class Act(Code):
    """What somebody did or read."""

    # Reading.
    READ_QUEUE = "read_queue", "Looked at a page of what waits for people."
    READ_CASE = "read_case", "Looked at a case."
    READ_DOCUMENT = "read_document", "Looked at a document that a household added."
    READ_PERSON = "read_person", "Looked at what the population register keeps of persons."
    READ_LOAD = "read_load", "Looked at who has how much to do."
    READ_OPERATIONS = "read_operations", "Looked at queues, workers, parked cases and messages."
    READ_LIFE_EVENTS = "read_life_events", "Looked at how far life events are heard, and at those set aside."
    READ_STAFF = "read_staff", "Looked at the accounts of the staff."
    READ_AUDIT = "read_audit", "Searched the audit entries."
    SEARCH = "search", "Searched for a case by reference, identifier, phone or name."
    SEARCH_PERSONS = "search_persons", "Searched the population register for somebody who may be registered twice."
    CHECK_HISTORY = "check_history", "Had the history checked or anchored, which shows no record."
    EXPORT_AUDIT = "export_audit", "Took a copy of history and audit out of the register."
    GIVE_RECEIPT = "give_receipt", "Computed the secret of a citizen's receipt anew."
    # Sharing out the work.
    TAKE_CASE = "take_case", "Took a case, or was given the next one."
    ASSIGN_CASE = "assign_case", "Gave a case to somebody."
    HAND_BACK = "hand_back", "Gave a case back."
    SET_PRIORITY = "set_priority", "Changed how early a case is looked at."
    ADD_NOTE = "add_note", "Wrote a note for colleagues on a case."
    # The household itself.
    ADD_DOCUMENT = "add_document", "A household added a document to its case."
    REMOVE_DOCUMENT = "remove_document", "A household took a document back."
    # At a desk, for a citizen.
    TAKE_ANSWER = "take_answer", "Recorded at a desk what a citizen answered."
    TAKE_DOCUMENT = "take_document", "Added at a desk a document that a household brought."
    TAKE_BACK_DOCUMENT = "take_back_document", "Took back a document that was added at a desk by mistake."
    DECLARE_CHANGE = "declare_change", "Recorded at a desk that a household has changed."
    LODGE_APPEAL = "lodge_appeal", "Lodged an appeal at a desk."
    ADD_TEXT = "add_text", "Added at a desk what a household says in its appeal."
    # Deciding.
    DECIDE_REVIEW = "decide_review", "Answered a review."
    CONFIRM_IDENTITY = "confirm_identity", "Said whether doubted members are who they say."
    AGREE_TO_REFUSE = "agree_to_refuse", "Agreed with a colleague who would refuse."
    ASK_INFORMATION = "ask_information", "Asked a household for what an appeal needs."
    PROPOSE_DECISION = "propose_decision", "Decided on an appeal, or proposed a decision."
    AGREE_TO_DECISION = "agree_to_decision", "Agreed with a colleague's decision on an appeal."
    RETURN_DECISION = "return_decision", "Gave a colleague's proposal back."
    ESCALATE = "escalate", "Sent an appeal to the commission."
    RETRY_CORRECTION = "retry_correction", "Tried again to correct an entry of the register."
    ORDER_REVIEWS = "order_reviews", "Had every household reviewed that shares a cause."
    # Enrolling people.
    FILE_ENROLMENT = "file_enrolment", "Began an enrolment at a desk."
    ATTEST_ENROLMENT = "attest_enrolment", "Saw a person and their papers, and completed the enrolment."
    CONFIRM_ENROLMENT = "confirm_enrolment", "Confirmed an enrolment that a colleague attested."
    RETURN_ENROLMENT = "return_enrolment", "Gave an enrolment back that a colleague attested."
    TELL_APART = "tell_apart", "Said whether a person is one of those who look alike."
    # Keeping the service running.
    RESUME_PARKED = "resume_parked", "Sent parked cases on."
    PAUSE_QUEUE = "pause_queue", "Paused a queue."
    RESUME_QUEUE = "resume_queue", "Resumed a queue."
    RETRY_MESSAGES = "retry_messages", "Had messages sent again."
    SETTLE_MESSAGES = "settle_messages", "Said what became of stuck messages."
    TEND_LIFE_EVENTS = "tend_life_events", "Applied life events again, or said what became of them."
    PRINT_LETTERS = "print_letters", "Wrote letters to a file for the printer."
    RECORD_PROOFS = "record_proofs", "Recorded what the post said of letters."
    READ_BOUNCES = "read_bounces", "Read e-mails that came back, and recorded which did not arrive."
    IMPORT_CASES = "import_cases", "Took applications in from a file."
    ENROL = "enrol", "Added persons to the local population register."
    ERASE = "erase", "Erased the personal facts of a case."
    RETAIN = "retain", "Erased by hand what is older than its period."
    CONFIRM_CLOCK = "confirm_clock", "Confirmed the clock for the retention."
    ROTATE_KEYS = "rotate_keys", "Had the keys of documents wrapped by a newer key."
    ACCEPT_LOSS = "accept_loss", "Accepted that anchored history is lost."
    # The population register and its partners, who are no staff.
    COMPARE_PERSONS = "compare_persons", "A partner had persons compared with the population register."
    READ_PERSONS = "read_persons", "A partner's officer read what the population register keeps of persons."
    READ_EVENTS = "read_events", "A partner read life events."
    QUESTION_REFUSED = "question_refused", "A partner asked for what its policy does not let it ask."
    RECORD_EVENT = "record_event", "Recorded a life event of a person."
    READ_QUESTIONS = "read_questions", "Looked up who asked the population register about a person."
    READ_PARTNERS = "read_partners", "Looked at the partners of the population register."
    CHANGE_PARTNERS = "change_partners", "Made a partner of the population register, or changed its keys or policy."
    # Without the right to it.
    ACT_REFUSED = "act_refused", "Tried what their account may not do there, and was refused."
    # Accounts.
    SIGN_IN = "sign_in", "Signed in."
    SIGN_IN_REFUSED = "sign_in_refused", "Tried to sign in, and was refused."
    SIGN_OUT = "sign_out", "Signed out, or ended a session."
    CHANGE_STAFF = "change_staff", "Made an account, or changed its roles, territory, lock or password."


class Purpose(Code):
    """Why somebody did it."""

    CASE = "case", "The case at hand."
    OPERATION = "operation", "Keeping the service running."
    OVERSIGHT = "oversight", "Supervision of the work of others."
    AUDIT = "audit", "An audit of what was done."
    PERSON = "person", "The person asks about their own data."
    COMPLAINT = "complaint", "Somebody complained."
    INVESTIGATION = "investigation", "An authority asks by law."
