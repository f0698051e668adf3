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
        return ClientRegistration.create().url(URL, REALM).build().auth(auth);
    }

    /** An initial access token, good for one registration. */
    static Auth initialAccessToken() throws Exception {
        var token = HttpRequest.newBuilder(URI.create(URL + "/admin/realms/" + REALM + "/clients-initial-access"))
                .header("Authorization", "Bearer " + administratorsToken())
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(
                        JsonSerialization.writeValueAsString(new ClientInitialAccessCreatePresentation(600, 1))));
        return Auth.token(answer(token, ClientInitialAccessPresentation.class));
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
        var form = Map.of(
                "grant_type", "password",
                "client_id", "admin-cli",
                "username", setting("MATRICULA_ADMIN_USER", "admin"),
                "password", setting("MATRICULA_ADMIN_PASSWORD", "admin"));
        var body = form.entrySet().stream()
                .map(field -> field.getKey() + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        var request = HttpRequest.newBuilder(URI.create(URL + "/realms/master/protocol/openid-connect/token"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(body));
        return answer(request, AccessTokenResponse.class).getToken();
    }

    private static <T> T answer(HttpRequest.Builder request, Class<T> type) throws Exception {
        HttpResponse<String> response = HTTP.send(request.build(), BodyHandlers.ofString());
        if (response.statusCode() >= 300) {
            throw new IOException(response.uri() + " answered " + response.statusCode() + ": " + response.body());
        }
        return JsonSerialization.readValue(response.body(), type);
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
