package matricula;

import static matricula.Refusals.assertRefused;
import static matricula.Server.bearerToken;
import static matricula.Server.initialAccessToken;
import static matricula.Server.library;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.client.registration.Auth;
import org.keycloak.representations.oidc.OIDCClientRepresentation;

/** The provider `openid-connect`: RFC 7591 and RFC 7592 as the library speaks them. */
@DisplayName("openid-connect")
class OpenIdConnectTest {
    @Test
    void an_initial_access_token_creates_and_the_registration_access_token_manages() throws Exception {
        var library = library(initialAccessToken());
        var created = library.oidc().create(client());
        assertNotNull(created.getClientSecret());
        assertTrue(created.getRegistrationClientUri().startsWith(Server.URL), created.getRegistrationClientUri());

        library.auth(Auth.token(created));
        var read = library.oidc().get(created.getClientId());
        assertEquals("A client of the Java library", read.getClientName());
        assertEquals(created.getClientSecret(), read.getClientSecret());

        read.setClientName("Renamed");
        var updated = library.oidc().update(read);
        assertEquals("Renamed", updated.getClientName());

        library.auth(Auth.token(updated));
        library.oidc().delete(updated);
        assertRefused(401, () -> library.oidc().get(updated.getClientId()));
    }

    @Test
    void a_bearer_token_creates_reads_updates_and_deletes() throws Exception {
        var library = library(bearerToken());
        var created = library.oidc().create(client());

        var read = library.oidc().get(created.getClientId());
        assertNull(read.getRegistrationAccessToken());
        read.setRedirectUris(List.of("https://app.example.com/elsewhere"));
        library.oidc().update(read);
        assertEquals(read.getRedirectUris(), library.oidc().get(created.getClientId()).getRedirectUris());

        library.oidc().delete(created.getClientId());
        // This is how the library says 404.
        assertNull(library.oidc().get(created.getClientId()));
    }

    @Test
    void each_update_gives_a_new_registration_access_token_and_spends_the_old_one() throws Exception {
        var library = library(initialAccessToken());
        var created = library.oidc().create(client());

        library.auth(Auth.token(created));
        var updated = library.oidc().update(created);
        assertNotEquals(created.getRegistrationAccessToken(), updated.getRegistrationAccessToken());
        assertRefused(401, () -> library.oidc().update(created));

        library.auth(Auth.token(updated));
        var again = library.oidc().update(updated);
        library.auth(Auth.token(again)).oidc().delete(again);
    }

    @Test
    void the_library_understands_an_answer_with_much_metadata() throws Exception {
        var full = client();
        full.setGrantTypes(List.of("authorization_code", "refresh_token", "client_credentials"));
        full.setResponseTypes(List.of("code"));
        full.setTokenEndpointAuthMethod("client_secret_post");
        full.setClientUri("https://app.example.com");
        full.setLogoUri("https://app.example.com/logo.png");
        full.setPolicyUri("https://app.example.com/policy");
        full.setTosUri("https://app.example.com/terms");
        full.setJwksUri("https://app.example.com/jwks");
        full.setScope("address phone");
        full.setSubjectType("public");
        full.setIdTokenSignedResponseAlg("ES256");
        full.setUserinfoSignedResponseAlg("RS256");
        full.setRequestUris(List.of("https://app.example.com/request"));
        full.setPostLogoutRedirectUris(List.of("https://app.example.com/bye"));
        full.setBackchannelLogoutUri("https://app.example.com/logout");
        full.setBackchannelLogoutSessionRequired(true);
        full.setRequirePushedAuthorizationRequests(true);

        var library = library(bearerToken());
        var created = library.oidc().create(full);
        var read = library.oidc().get(created.getClientId());
        assertTrue(read.getGrantTypes().containsAll(full.getGrantTypes()), read.getGrantTypes().toString());
        assertEquals(full.getTokenEndpointAuthMethod(), read.getTokenEndpointAuthMethod());
        assertEquals(full.getClientUri(), read.getClientUri());
        assertEquals(full.getJwksUri(), read.getJwksUri());
        assertEquals(full.getIdTokenSignedResponseAlg(), read.getIdTokenSignedResponseAlg());
        assertEquals(full.getUserinfoSignedResponseAlg(), read.getUserinfoSignedResponseAlg());
        assertEquals(full.getRequestUris(), read.getRequestUris());
        assertEquals(full.getPostLogoutRedirectUris(), read.getPostLogoutRedirectUris());
        assertEquals(full.getBackchannelLogoutUri(), read.getBackchannelLogoutUri());
        assertEquals(true, read.getRequirePushedAuthorizationRequests());
        // Keycloak itself keeps these three to itself.
        assertEquals(full.getLogoUri(), read.getLogoUri());
        assertEquals(full.getPolicyUri(), read.getPolicyUri());
        assertEquals(full.getTosUri(), read.getTosUri());
        library.oidc().delete(read);
    }

    @Test
    void a_refusal_reaches_the_caller_as_error_and_description() throws Exception {
        var library = library(bearerToken());
        var client = client();
        client.setRedirectUris(List.of("https://app.example.com/callback#fragment"));

        var error = assertRefused(400, () -> library.oidc().create(client));
        assertEquals("invalid_redirect_uri", error.getError());
        assertEquals("A redirect URI must not contain an URL fragment", error.getErrorDescription());
    }

    private static OIDCClientRepresentation client() {
        var client = new OIDCClientRepresentation();
        client.setClientName("A client of the Java library");
        client.setRedirectUris(List.of("https://app.example.com/callback"));
        return client;
    }
}
