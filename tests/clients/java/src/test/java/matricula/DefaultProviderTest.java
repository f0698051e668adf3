package matricula;

import static matricula.Refusals.assertRefused;
import static matricula.Server.bearerToken;
import static matricula.Server.initialAccessToken;
import static matricula.Server.library;
import static matricula.Server.unusedClientId;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.client.registration.Auth;
import org.keycloak.representations.idm.ClientRepresentation;
import org.keycloak.representations.idm.ProtocolMapperRepresentation;

/** The provider `default`: the library's own representation of a client. */
@DisplayName("default")
class DefaultProviderTest {
    @Test
    void an_initial_access_token_creates_and_the_registration_access_token_manages() throws Exception {
        var library = library(initialAccessToken());
        var created = library.create(client());
        assertNotNull(created.getSecret());

        library.auth(Auth.token(created));
        var read = library.get(created.getClientId());
        assertEquals("A client of the Java library", read.getName());
        assertEquals(created.getSecret(), read.getSecret());
        assertEquals(List.of("https://app.example.com/callback"), read.getRedirectUris());

        read.setName("Renamed");
        var updated = library.update(read);
        assertEquals("Renamed", updated.getName());

        library.auth(Auth.token(updated));
        library.delete(updated);
        assertRefused(401, () -> library.get(updated.getClientId()));
    }

    @Test
    void a_bearer_token_creates_reads_updates_and_deletes() throws Exception {
        var library = library(bearerToken());
        var created = library.create(client());

        var read = library.get(created.getClientId());
        assertNull(read.getRegistrationAccessToken());
        read.setEnabled(false);
        assertFalse(library.update(read).isEnabled());
        assertFalse(library.get(created.getClientId()).isEnabled());

        library.delete(created.getClientId());
        // This is how the library says 404.
        assertNull(library.get(created.getClientId()));
    }

    @Test
    void each_update_gives_a_new_registration_access_token_and_spends_the_old_one() throws Exception {
        var library = library(initialAccessToken());
        var created = library.create(client());

        library.auth(Auth.token(created));
        var updated = library.update(created);
        assertNotEquals(created.getRegistrationAccessToken(), updated.getRegistrationAccessToken());
        assertRefused(401, () -> library.update(created));

        library.auth(Auth.token(updated));
        var again = library.update(updated);
        library.auth(Auth.token(again)).delete(again);
    }

    @Test
    void an_initial_access_token_is_good_for_as_many_clients_as_it_says() throws Exception {
        var library = library(initialAccessToken());
        var created = library.create(client());
        assertRefused(401, () -> library.create(client()));
        library.auth(Auth.token(created)).delete(created);
    }

    @Test
    void a_full_representation_comes_back_as_it_was_sent() throws Exception {
        var mapper = new ProtocolMapperRepresentation();
        mapper.setName("department");
        mapper.setProtocol("openid-connect");
        mapper.setProtocolMapper("oidc-usermodel-attribute-mapper");
        mapper.setConfig(Map.of("user.attribute", "department", "claim.name", "department"));
        var full = client();
        full.setDescription("Größe, 寸法, size");
        full.setRootUrl("https://app.example.com");
        full.setBaseUrl("/start");
        full.setAttributes(Map.of("post.logout.redirect.uris", "https://app.example.com/bye"));
        full.setServiceAccountsEnabled(true);
        full.setDefaultClientScopes(List.of("basic", "email"));
        full.setOptionalClientScopes(List.of("phone"));
        full.setProtocolMappers(List.of(mapper));

        var library = library(bearerToken());
        library.create(full);
        var read = library.get(full.getClientId());
        assertEquals(full.getDescription(), read.getDescription());
        assertEquals(full.getRootUrl(), read.getRootUrl());
        assertEquals(full.getBaseUrl(), read.getBaseUrl());
        assertEquals("https://app.example.com/bye", read.getAttributes().get("post.logout.redirect.uris"));
        assertEquals(full.getOptionalClientScopes(), read.getOptionalClientScopes());
        assertEquals(1, read.getProtocolMappers().size());
        assertEquals(mapper.getConfig(), read.getProtocolMappers().get(0).getConfig());
        library.delete(read);
    }

    @Test
    void a_refusal_reaches_the_caller_as_error_and_description() throws Exception {
        var library = library(bearerToken());
        var created = library.create(client());

        var same = client();
        same.setClientId(created.getClientId());
        var error = assertRefused(400, () -> library.create(same));
        assertEquals("invalid_client_metadata", error.getError());
        assertEquals("Client Identifier in use", error.getErrorDescription());
        library.delete(created);
    }

    private static ClientRepresentation client() {
        var client = new ClientRepresentation();
        client.setClientId(unusedClientId());
        client.setName("A client of the Java library");
        client.setRedirectUris(List.of("https://app.example.com/callback"));
        return client;
    }
}
