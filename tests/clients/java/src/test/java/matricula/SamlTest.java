package matricula;

import static matricula.Refusals.assertRefused;
import static matricula.Server.bearerToken;
import static matricula.Server.initialAccessToken;
import static matricula.Server.library;
import static matricula.Server.unusedClientId;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.client.registration.Auth;

/** The provider `saml2-entity-descriptor`. The library creates with it and manages the client with `default`. */
@DisplayName("saml2-entity-descriptor")
class SamlTest {
    private static final String LOCATION = "https://sp.example.com/acs";

    @Test
    void an_initial_access_token_creates_and_the_registration_access_token_manages() throws Exception {
        var entityId = unusedClientId();
        var library = library(initialAccessToken());
        var created = library.saml().create(entityDescriptor(entityId));
        assertEquals(entityId, created.getClientId());
        assertEquals("saml", created.getProtocol());

        library.auth(Auth.token(created));
        var read = library.get(entityId);
        assertEquals(List.of(LOCATION), read.getRedirectUris());
        assertEquals(LOCATION, read.getAttributes().get("saml_assertion_consumer_url_post"));

        read.setName("Renamed");
        var updated = library.update(read);
        assertEquals("Renamed", updated.getName());

        library.auth(Auth.token(updated)).delete(updated);
        assertRefused(401, () -> library.get(entityId));
    }

    @Test
    void a_bearer_token_creates_reads_and_deletes() throws Exception {
        var entityId = unusedClientId();
        var library = library(bearerToken());
        library.saml().create(entityDescriptor(entityId));
        assertEquals("saml", library.get(entityId).getProtocol());
        assertEquals(entityId, library.getAdapterConfig(entityId).getResource());
        library.delete(entityId);
        assertNull(library.get(entityId));
    }

    private static String entityDescriptor(String entityId) {
        return """
                <EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s">
                  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
                    <AssertionConsumerService index="0" Location="%s"
                        Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/>
                  </SPSSODescriptor>
                </EntityDescriptor>
                """.formatted(entityId, LOCATION);
    }
}
