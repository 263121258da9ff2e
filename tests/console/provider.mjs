// A real identity provider for the tests: everybody is who they say in its form. It ends when its standard input does.
// Its one argument, as JSON: `client`, what it knows of the console, and `host`, under which browsers reach it.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const given = JSON.parse(process.argv[2]);
const server = createServer();
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://${given.host}:${server.address().port}`;
  server.on("request", provider(issuer).callback());
  console.log(JSON.stringify({ issuer }));
});

function provider(issuer) {
  return new Provider(issuer, {
    clients: [{ grant_types: ["authorization_code"], response_types: ["code"], ...given.client }],
    jwks: { keys: [key("RS256", "rsa", { modulusLength: 2048 }), key("ES256", "ec", { namedCurve: "P-256" }), key("EdDSA", "ed25519")] },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "EdDSA"] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    ttl: { AuthorizationCode: 60, Session: 600, Interaction: 600, Grant: 600, IdToken: 600, AccessToken: 600 },
    findAccount: async (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  });
}

function key(alg, type, options) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: "jwk" }), alg: alg === "RS256" ? undefined : alg, use: "sig", kid: alg };
}
