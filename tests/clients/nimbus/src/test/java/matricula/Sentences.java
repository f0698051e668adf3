package matricula;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

/** Prints each test's outcome as a sentence; Maven itself only counts. */
public class Sentences implements TestWatcher {
    @Override
    public void testSuccessful(ExtensionContext test) {
        System.out.println("✔ " + test.getDisplayName());
    }

    @Override
    public void testFailed(ExtensionContext test, Throwable cause) {
        System.out.println("✖ " + test.getDisplayName() + ": " + cause);
    }
}
