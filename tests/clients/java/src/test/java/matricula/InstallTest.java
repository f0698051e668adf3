package matricula;

import static matricula.Refusals.assertRefused;
import static matricula.Server.bearerToken;
import static matricula.Server.initialAccessToken;
import static matricula.Server.library;
import static matricula.Server.unusedClientId;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.client.registration.Auth;
import org.keycloak.representations.idm.ClientRepresentation;

/** The provider `install`: the configuration of an adapter. */
@DisplayName("install")
class InstallTest {
    @Test
    void a_registration_access_token_gets_the_adapter_configuration_and_stays_valid() throws Exception {
        var library = library(initialAccessToken());
        var created = library.create(client());

        library.auth(Auth.token(created));
        var config = library.getAdapterConfig(created.getClientId());
        assertEquals(Server.REALM, config.getRealm());
        assertEquals(Server.URL + "/", config.getAuthServerUrl());
        assertEquals(created.getClientId(), config.getResource());
        assertEquals(created.getSecret(), config.getCredentials().get("secret"));
        library.delete(created);
    }

    @Test
    void a_bearer_token_gets_the_adapter_configuration() throws Exception {
        var library = library(bearerToken());
        var created = library.create(client());
        assertEquals(created.getSecret(),
                library.getAdapterConfig(created.getClientId()).getCredentials().get("secret"));
        library.delete(created);
        assertNull(library.getAdapterConfig(created.getClientId()));
    }

    @Test
    void a_client_gets_its_own_adapter_configuration_with_its_secret_only() throws Exception {
        var administrator = library(bearerToken());
        var created = administrator.create(client());

        var itself = library(Auth.client(created.getClientId(), created.getSecret()));
        assertEquals(created.getClientId(), itself.getAdapterConfig(created.getClientId()).getResource());
        var stranger = library(Auth.client(created.getClientId(), "wrong"));
        assertEquals("invalid_token",
                assertRefused(401, () -> stranger.getAdapterConfig(created.getClientId())).getError());
        administrator.delete(created);
    }

    @Test
    void anybody_gets_the_adapter_configuration_of_a_public_client() throws Exception {
        var client = client();
        client.setPublicClient(true);
        var administrator = library(bearerToken());
        administrator.create(client);

        var config = library(null).getAdapterConfig(client.getClientId());
        assertTrue(config.isPublicClient());
        assertTrue(config.getCredentials() == null || config.getCredentials().isEmpty());
        administrator.delete(client);
    }

    private static ClientRepresentation client() {
        var client = new ClientRepresentation();
        client.setClientId(unusedClientId());
        return client;
    }
}
