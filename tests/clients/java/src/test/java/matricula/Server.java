package matricula;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.keycloak.client.registration.Auth;
import org.keycloak.client.registration.ClientRegistration;
import org.keycloak.representations.AccessTokenResponse;
import org.keycloak.representations.idm.ClientInitialAccessCreatePresentation;
import org.keycloak.representations.idm.ClientInitialAccessPresentation;
import org.keycloak.util.JsonSerialization;

/** The server under test and what its administrator does before a test. */
final class Server {
    static final String REALM = "master";
    static final String URL = setting("MATRICULA_URL", "http://localhost:8080");

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    /** The library, set up as its documentation says. */
    static ClientRegistration library(Auth auth) {
        return library(REALM, auth);
    }

    /** The same for another realm. */
    static ClientRegistration library(String realm, Auth auth) {
        return ClientRegistration.create().url(URL, realm).build().auth(auth);
    }

    /** An initial access token, good for one registration. */
    static Auth initialAccessToken() throws Exception {
        return initialAccessToken(REALM);
    }

    /** The same for another realm. */
    static Auth initialAccessToken(String realm) throws Exception {
        var one = JsonSerialization.writeValueAsString(new ClientInitialAccessCreatePresentation(600, 1));
        var token = administer("POST", "/" + realm + "/clients-initial-access", one);
        return Auth.token(JsonSerialization.readValue(token, ClientInitialAccessPresentation.class));
    }

    /** A realm of its own for a test, with these members of its document; its name. */
    static String newRealm(String members) throws Exception {
        var name = "java-" + UUID.randomUUID();
        administer("POST", "", "{\"realm\": \"%s\", \"enabled\": true, %s}".formatted(name, members));
        return name;
    }

    /** Ends what {@link #newRealm} made. */
    static void deleteRealm(String name) throws Exception {
        administer("DELETE", "/" + name, "");
    }

    /** The access token of a user of this realm who exists and may do nothing. */
    static Auth strangersToken(String realm) throws Exception {
        var user = """
                {"username": "stranger", "enabled": true, "email": "stranger@example.com", "firstName": "S",
                 "lastName": "S", "credentials": [{"type": "password", "value": "a stranger's", "temporary": false}]}""";
        administer("POST", "/" + realm + "/users", user);
        return Auth.token(accessToken(realm, "stranger", "a stranger's"));
    }

    /** The administrator's own bearer token. */
    static Auth bearerToken() throws Exception {
        return Auth.token(administratorsToken());
    }

    /** A client id that no other test and no earlier run has used. */
    static String unusedClientId() {
        return "java-" + UUID.randomUUID();
    }

    private static String administratorsToken() throws Exception {
        return accessToken(
                "master", setting("MATRICULA_ADMIN_USER", "admin"), setting("MATRICULA_ADMIN_PASSWORD", "admin"));
    }

    private static String accessToken(String realm, String user, String password) throws Exception {
        var form = Map.of(
                "grant_type", "password", "client_id", "admin-cli", "username", user, "password", password);
        var body = form.entrySet().stream()
                .map(field -> field.getKey() + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        var request = HttpRequest.newBuilder(URI.create(URL + "/realms/" + realm + "/protocol/openid-connect/token"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(body));
        return JsonSerialization.readValue(answer(request), AccessTokenResponse.class).getToken();
    }

    /** A request to the Admin API, to a path below its realms; what it answers. */
    private static String administer(String method, String path, String document) throws Exception {
        return answer(HttpRequest.newBuilder(URI.create(URL + "/admin/realms" + path))
                .header("Authorization", "Bearer " + administratorsToken())
                .header("Content-Type", "application/json")
                .method(method, BodyPublishers.ofString(document)));
    }

    private static String answer(HttpRequest.Builder request) throws Exception {
        HttpResponse<String> response = HTTP.send(request.build(), BodyHandlers.ofString());
        if (response.statusCode() >= 300) {
            throw new IOException(response.uri() + " answered " + response.statusCode() + ": " + response.body());
        }
        return response.body();
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
