package matricula;

import static matricula.Server.ISSUER;
import static matricula.Server.bearerToken;
import static matricula.Server.initialAccessToken;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.oauth2.sdk.ErrorObject;
import com.nimbusds.oauth2.sdk.GrantType;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.auth.ClientAuthenticationMethod;
import com.nimbusds.oauth2.sdk.client.ClientDeleteRequest;
import com.nimbusds.oauth2.sdk.client.ClientReadRequest;
import com.nimbusds.oauth2.sdk.client.ClientRegistrationErrorResponse;
import com.nimbusds.oauth2.sdk.client.ClientRegistrationResponse;
import com.nimbusds.oauth2.sdk.http.HTTPResponse;
import com.nimbusds.oauth2.sdk.token.BearerAccessToken;
import com.nimbusds.openid.connect.sdk.SubjectType;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.rp.ApplicationType;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientInformation;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientInformationResponse;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientMetadata;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientRegistrationRequest;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientRegistrationResponseParser;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientUpdateRequest;
import java.net.URI;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Discovery, registration (RFC 7591) and management (RFC 7592), as the SDK's examples do it. */
class RegistrationTest {
    private static final String REFUSED = "Policy '%s' rejected request to client-registration service. Details: %s";

    @Test
    void an_initial_access_token_creates_and_the_registration_access_token_reads_updates_and_deletes()
            throws Exception {
        var created = succeeded(register(client(), initialAccessToken()));
        assertNotNull(created.getSecret());
        assertNotNull(created.getIDIssueDate());

        var read = succeeded(read(created));
        assertEquals("A client of the SDK", read.getOIDCMetadata().getName());
        assertEquals(created.getSecret(), read.getSecret());
        assertEquals(created.getOIDCMetadata().getRedirectionURI(), read.getOIDCMetadata().getRedirectionURI());

        var metadata = read.getOIDCMetadata();
        metadata.setName("Renamed");
        var updated = succeeded(update(read, metadata));
        assertEquals("Renamed", updated.getOIDCMetadata().getName());
        assertNotEquals(read.getRegistrationAccessToken(), updated.getRegistrationAccessToken());

        assertTrue(delete(updated).indicatesSuccess());
        assertEquals("invalid_token", refused(401, read(updated)).getCode());
    }

    @Test
    void a_bearer_token_creates() throws Exception {
        var created = succeeded(register(client(), bearerToken()));
        assertTrue(delete(created).indicatesSuccess());
    }

    @Test
    void finds_the_registration_endpoint_by_both_kinds_of_metadata() throws Exception {
        var oidc = OIDCProviderMetadata.resolve(ISSUER);
        var oauth = AuthorizationServerMetadata.resolve(ISSUER);
        assertEquals(URI.create(ISSUER + "/clients-registrations/openid-connect"), oidc.getRegistrationEndpointURI());
        assertEquals(oidc.getRegistrationEndpointURI(), oauth.getRegistrationEndpointURI());
        assertNotNull(oidc.getAuthorizationEndpointURI());
    }

    @Test
    void understands_an_answer_with_much_metadata() throws Exception {
        var full = client();
        full.setGrantTypes(Set.of(GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN));
        full.setResponseTypes(Set.of(ResponseType.CODE));
        full.setTokenEndpointAuthMethod(ClientAuthenticationMethod.CLIENT_SECRET_POST);
        full.setApplicationType(ApplicationType.WEB);
        full.setURI(URI.create("https://app.example.com/"));
        full.setLogoURI(URI.create("https://app.example.com/logo.png"));
        full.setPolicyURI(URI.create("https://app.example.com/policy"));
        full.setTermsOfServiceURI(URI.create("https://app.example.com/terms"));
        full.setEmailContacts(List.of("operators@example.com"));
        full.setScope(new Scope("openid", "email", "phone"));
        full.setDefaultMaxAge(3600);
        full.requiresAuthTime(true);

        var created = succeeded(register(full, initialAccessToken()));
        var shown = succeeded(read(created)).getOIDCMetadata();
        assertTrue(shown.getGrantTypes().containsAll(full.getGrantTypes()), shown.getGrantTypes().toString());
        // Keycloak adds the response type `none`.
        assertTrue(shown.getResponseTypes().containsAll(full.getResponseTypes()), shown.getResponseTypes().toString());
        assertEquals(full.getTokenEndpointAuthMethod(), shown.getTokenEndpointAuthMethod());
        assertEquals(full.getApplicationType(), shown.getApplicationType());
        assertEquals(full.getURI(), shown.getURI());
        assertEquals(full.getLogoURI(), shown.getLogoURI());
        assertEquals(full.getPolicyURI(), shown.getPolicyURI());
        assertEquals(full.getTermsOfServiceURI(), shown.getTermsOfServiceURI());
        assertEquals(full.getEmailContacts(), shown.getEmailContacts());
        assertTrue(shown.getScope().containsAll(new Scope("email", "phone")), shown.getScope().toString());
        assertEquals(3600, shown.getDefaultMaxAge());
        assertTrue(shown.requiresAuthTime());
        assertTrue(delete(created).indicatesSuccess());
    }

    @Test
    void a_refusal_of_metadata_reaches_the_caller() throws Exception {
        // The SDK itself refuses a fragment in a redirect URI, and other schemes than those of the web.
        var client = client();
        client.setSubjectType(SubjectType.parse("pairwise"));
        client.setRedirectionURIs(Set.of(
                URI.create("https://app.example.com/callback"), URI.create("https://other.example.com/callback")));
        var error = refused(400, register(client, bearerToken()));
        assertEquals("invalid_client_metadata", error.getCode());
        assertEquals(
                "Without a configured Sector Identifier URI, client redirect URIs must not contain multiple host components.",
                error.getDescription());

        client.setSubjectType(null);
        client.setTokenEndpointAuthMethod(new ClientAuthenticationMethod("no-such-method"));
        error = refused(400, register(client, bearerToken()));
        assertEquals("invalid_client_metadata", error.getCode());
        assertTrue(error.getDescription().contains("token_endpoint_auth_method"), error.getDescription());
    }

    @Test
    void a_refusal_by_a_policy_reaches_the_caller() throws Exception {
        var error = refused(403, register(client(), null));
        assertEquals("insufficient_scope", error.getCode());
        assertEquals(REFUSED.formatted("Trusted Hosts", "Host not trusted."), error.getDescription());

        var client = client();
        client.setScope(new Scope("no-such-scope"));
        error = refused(403, register(client, initialAccessToken()));
        assertEquals("insufficient_scope", error.getCode());
        assertEquals(
                REFUSED.formatted("Allowed Client Scopes", "Not permitted to use specified clientScope"),
                error.getDescription());
    }

    @Test
    void a_refusal_of_a_token_reaches_the_caller() throws Exception {
        var token = initialAccessToken();
        var created = succeeded(register(client(), token));
        var error = refused(401, register(client(), token));
        assertEquals("invalid_token", error.getCode());
        assertEquals("No remaining count on initial access token", error.getDescription());

        var updated = succeeded(update(created, created.getOIDCMetadata()));
        error = refused(401, update(created, created.getOIDCMetadata()));
        assertEquals("invalid_token", error.getCode());
        assertNotNull(error.getDescription());
        assertTrue(delete(updated).indicatesSuccess());
    }

    private static OIDCClientMetadata client() {
        var client = new OIDCClientMetadata();
        client.setGrantTypes(Set.of(GrantType.AUTHORIZATION_CODE));
        client.setRedirectionURI(URI.create("https://app.example.com/callback"));
        client.setName("A client of the SDK");
        return client;
    }

    private static HTTPResponse register(OIDCClientMetadata client, BearerAccessToken token) throws Exception {
        var endpoint = OIDCProviderMetadata.resolve(ISSUER).getRegistrationEndpointURI();
        return new OIDCClientRegistrationRequest(endpoint, client, token).toHTTPRequest().send();
    }

    private static HTTPResponse read(OIDCClientInformation client) throws Exception {
        return new ClientReadRequest(client.getRegistrationURI(), client.getRegistrationAccessToken())
                .toHTTPRequest()
                .send();
    }

    private static HTTPResponse update(OIDCClientInformation client, OIDCClientMetadata metadata) throws Exception {
        return new OIDCClientUpdateRequest(
                        client.getRegistrationURI(),
                        client.getID(),
                        client.getRegistrationAccessToken(),
                        metadata,
                        client.getSecret())
                .toHTTPRequest()
                .send();
    }

    private static HTTPResponse delete(OIDCClientInformation client) throws Exception {
        return new ClientDeleteRequest(client.getRegistrationURI(), client.getRegistrationAccessToken())
                .toHTTPRequest()
                .send();
    }

    private static OIDCClientInformation succeeded(HTTPResponse answer) throws Exception {
        ClientRegistrationResponse response = OIDCClientRegistrationResponseParser.parse(answer);
        assertTrue(response.indicatesSuccess(), answer::getBody);
        return ((OIDCClientInformationResponse) response).getOIDCClientInformation();
    }

    private static ErrorObject refused(int status, HTTPResponse answer) throws Exception {
        assertEquals(status, answer.getStatusCode());
        ClientRegistrationResponse response = OIDCClientRegistrationResponseParser.parse(answer);
        assertFalse(response.indicatesSuccess());
        return assertInstanceOf(ClientRegistrationErrorResponse.class, response).getErrorObject();
    }
}
