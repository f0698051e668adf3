package matricula;

import com.nimbusds.oauth2.sdk.ResourceOwnerPasswordCredentialsGrant;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.token.BearerAccessToken;
import java.net.URI;

/** The server under test and what its administrator does before a test. */
final class Server {
    static final String URL = setting("MATRICULA_URL", "http://localhost:8080");
    static final Issuer ISSUER = new Issuer(URL + "/realms/master");

    /** An initial access token, good for one registration. */
    static BearerAccessToken initialAccessToken() throws Exception {
        var request = new HTTPRequest(
                HTTPRequest.Method.POST, URI.create(URL + "/admin/realms/master/clients-initial-access"));
        request.setAuthorization(bearerToken().toAuthorizationHeader());
        request.setHeader("Content-Type", "application/json");
        request.setBody("{\"count\": 1, \"expiration\": 600}");
        return new BearerAccessToken((String) request.send().getBodyAsJSONObject().get("token"));
    }

    /** The administrator's own bearer token. */
    static BearerAccessToken bearerToken() throws Exception {
        var grant = new ResourceOwnerPasswordCredentialsGrant(
                setting("MATRICULA_ADMIN_USER", "admin"), new Secret(setting("MATRICULA_ADMIN_PASSWORD", "admin")));
        var endpoint = URI.create(ISSUER + "/protocol/openid-connect/token");
        var request = new TokenRequest.Builder(endpoint, new ClientID("admin-cli"), grant).build();
        var response = TokenResponse.parse(request.toHTTPRequest().send());
        return response.toSuccessResponse().getTokens().getBearerAccessToken();
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
