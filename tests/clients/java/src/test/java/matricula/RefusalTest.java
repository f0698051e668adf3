package matricula;

import static matricula.Refusals.assertRefused;
import static matricula.Server.bearerToken;
import static matricula.Server.deleteRealm;
import static matricula.Server.initialAccessToken;
import static matricula.Server.library;
import static matricula.Server.newRealm;
import static matricula.Server.strangersToken;
import static matricula.Server.unusedClientId;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.client.registration.Auth;
import org.keycloak.representations.idm.ClientRepresentation;
import org.keycloak.representations.idm.ProtocolMapperRepresentation;
import org.keycloak.representations.oidc.OIDCClientRepresentation;

/** Every kind of refusal. The library reads error documents strictly: a member that it does not know hides the reason. */
@DisplayName("refusals")
class RefusalTest {
    private static final String POLICY = "Policy '%s' rejected request to client-registration service. Details: %s";

    /** Members of a realm whose client policies want addresses with HTTPS, whoever asks. */
    private static final String CLIENT_POLICIES = """
            "clientProfiles": {"profiles": [{"name": "safe", "executors": [
                {"executor": "secure-client-uris", "configuration": {}}]}]},
            "clientPolicies": {"policies": [{"name": "all are safe", "enabled": true, "profiles": ["safe"],
                "conditions": [{"condition": "any-client", "configuration": {}}]}]}""";

    @Test
    void a_policy_refuses_who_comes_without_a_token() throws Exception {
        var why = POLICY.formatted("Trusted Hosts", "Host not trusted.");
        assertRefused(403, "insufficient_scope", why, () -> library(null).create(client()));
        assertRefused(403, "insufficient_scope", why, () -> library(null).oidc().create(oidcClient()));
        assertRefused(403, "insufficient_scope", why, () -> library(null).saml().create(entityDescriptor()));
    }

    @Test
    void a_policy_refuses_client_scopes() throws Exception {
        var why = POLICY.formatted("Allowed Client Scopes", "Not permitted to use specified clientScope");
        var client = client();
        client.setOptionalClientScopes(List.of("no-such-scope"));
        assertRefused(403, "insufficient_scope", why, () -> library(initialAccessToken()).create(client));
        var oidcClient = oidcClient();
        oidcClient.setScope("no-such-scope");
        assertRefused(403, "insufficient_scope", why, () -> library(initialAccessToken()).oidc().create(oidcClient));
    }

    @Test
    void a_policy_refuses_an_update() throws Exception {
        var library = library(initialAccessToken());
        var created = library.create(client());
        library.auth(Auth.token(created));

        var mapper = new ProtocolMapperRepresentation();
        mapper.setName("script");
        mapper.setProtocol("openid-connect");
        mapper.setProtocolMapper("no-such-mapper");
        created.setProtocolMappers(List.of(mapper));
        var why = POLICY.formatted("Allowed Protocol Mapper Types", "Missing id for mapper named 'script'");
        assertRefused(403, "insufficient_scope", why, () -> library.update(created));
        library.delete(created);
    }

    @Test
    void a_client_policy_refuses() throws Exception {
        var realm = newRealm(CLIENT_POLICIES);
        try {
            var client = client();
            client.setRedirectUris(List.of("http://app.example.com/callback"));
            var why = "invalid_client_metadata: Invalid redirectUris";
            assertRefused(
                    403, "insufficient_scope", why, () -> library(realm, initialAccessToken(realm)).create(client));
            var oidcClient = oidcClient();
            oidcClient.setRedirectUris(client.getRedirectUris());
            assertRefused(
                    403,
                    "insufficient_scope",
                    why,
                    () -> library(realm, initialAccessToken(realm)).oidc().create(oidcClient));

            var library = library(realm, initialAccessToken(realm));
            var created = library.create(client());
            created.setRedirectUris(client.getRedirectUris());
            assertRefused(
                    403, "insufficient_scope", why, () -> library.auth(Auth.token(created)).update(created));
        } finally {
            deleteRealm(realm);
        }
    }

    @Test
    void metadata_is_refused() throws Exception {
        var why = "A redirect URI must not contain an URL fragment";
        var client = client();
        client.setRedirectUris(List.of("https://app.example.com/callback#fragment"));
        assertRefused(400, "invalid_redirect_uri", why, () -> library(bearerToken()).create(client));
        var oidcClient = oidcClient();
        oidcClient.setRedirectUris(client.getRedirectUris());
        assertRefused(400, "invalid_redirect_uri", why, () -> library(bearerToken()).oidc().create(oidcClient));
    }

    @Test
    void a_token_is_refused() throws Exception {
        var unreadable = Auth.token("no-token");
        var why = "Failed decode token";
        assertRefused(401, "invalid_token", why, () -> library(unreadable).create(client()));
        assertRefused(401, "invalid_token", why, () -> library(unreadable).oidc().create(oidcClient()));

        var once = initialAccessToken();
        var created = library(once).create(client());
        why = "No remaining count on initial access token";
        assertRefused(401, "invalid_token", why, () -> library(once).create(client()));

        var library = library(Auth.token(created));
        var updated = library.update(created);
        why = "Not authorized to update client. Maybe missing token or bad token type.";
        assertRefused(401, "invalid_token", why, () -> library.update(created));
        library.auth(Auth.token(updated)).delete(updated);
        why = "Not authorized to view client. Not valid token or client credentials provided.";
        assertRefused(401, "invalid_token", why, () -> library.get(updated.getClientId()));
    }

    @Test
    void who_lacks_the_right_is_refused() throws Exception {
        var realm = newRealm("\"sslRequired\": \"external\"");
        try {
            var library = library(realm, strangersToken(realm));
            assertRefused(403, "insufficient_scope", "Forbidden", () -> library.create(client()));
            assertRefused(403, "insufficient_scope", "Forbidden", () -> library.oidc().create(oidcClient()));
        } finally {
            deleteRealm(realm);
        }
    }

    private static ClientRepresentation client() {
        var client = new ClientRepresentation();
        client.setClientId(unusedClientId());
        client.setRedirectUris(List.of("https://app.example.com/callback"));
        return client;
    }

    private static OIDCClientRepresentation oidcClient() {
        var client = new OIDCClientRepresentation();
        client.setRedirectUris(List.of("https://app.example.com/callback"));
        return client;
    }

    private static String entityDescriptor() {
        return """
                <EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s">
                  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
                    <AssertionConsumerService index="0" Location="https://sp.example.com/acs"
                        Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/>
                  </SPSSODescriptor>
                </EntityDescriptor>
                """.formatted(unusedClientId());
    }
}
