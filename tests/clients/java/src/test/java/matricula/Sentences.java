package matricula;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

/** Prints each test's outcome as a sentence, after the provider it is about; Maven itself only counts. */
public class Sentences implements TestWatcher {
    @Override
    public void testSuccessful(ExtensionContext test) {
        System.out.println("✔ " + sentence(test));
    }

    @Override
    public void testFailed(ExtensionContext test, Throwable cause) {
        System.out.println("✖ " + sentence(test) + ": " + cause);
    }

    private static String sentence(ExtensionContext test) {
        var provider = test.getParent().map(ExtensionContext::getDisplayName).orElse("");
        return provider + ": " + test.getDisplayName();
    }
}
