package matricula;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.function.Executable;
import org.keycloak.client.registration.ClientRegistrationException;
import org.keycloak.client.registration.HttpErrorException;
import org.keycloak.representations.idm.OAuth2ErrorRepresentation;

/** How the library reports an error of the server. */
final class Refusals {
    /** Asserts that the call is answered with this status; what the library makes of the body. */
    static OAuth2ErrorRepresentation assertRefused(int status, Executable call) {
        var thrown = assertThrows(ClientRegistrationException.class, call);
        var refusal = assertInstanceOf(HttpErrorException.class, thrown.getCause());
        assertEquals(status, refusal.getStatusLine().getStatusCode());
        return refusal.toErrorRepresentation();
    }

    /** Asserts that the call is answered with this status, and that the library reads error code and description. */
    static void assertRefused(int status, String error, String description, Executable call) {
        var read = assertRefused(status, call);
        assertEquals(error, read.getError());
        assertEquals(description, read.getErrorDescription());
    }
}
