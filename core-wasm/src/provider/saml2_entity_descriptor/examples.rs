//! Metadata documents for the tests of this provider, put together from their parts.

/// A certificate for `CN=sp-signing.example.com`.
pub(super) const CERTIFICATE: &str = "\
    MIIDJTCCAg2gAwIBAgIUZediwU6LWaUgS/CSkjimpuPn2uowDQYJKoZIhvcNAQELBQAwITEfMB0GA1UEAwwWc3Atc2lnbmluZy5leGFtcGxlLm\
    NvbTAgFw0yNjExMjMwMzIzMjBaGA8yMTI2MTAzMDAzMjMyMFowITEfMB0GA1UEAwwWc3Atc2lnbmluZy5leGFtcGxlLmNvbTCCASIwDQYJKoZI\
    hvcNAQEBBQADggEPADCCAQoCggEBAOOCd61ww1cXInKqaCguBVLjfT+kJ0QAS8SeZ5cZ7QIixA9P+6BtAm3/6Dv3MiVK9tAvSfCxfEggAyHgXx\
    5V8RNuB9loIW4c0abDuFv3Xi2wl2g0KAuK5gLlFKLKXjAffiNIJL6BbHiMJecW6kjE1/7QyPuKUj3AXgON/U+8aDkkXwmP+AIIXjbqgGBqFr8f\
    h1LQdVOa88yH2YUt+q8FzDwSMCChRLXACg8GAUqqLZlAKWBmozeFlS/hw44tK14KC60fj7XutSBDrzfPMVHe7OKDlSaPfKAhGWNnd8y36dt089\
    87U+lGW0osRXOGuQroJkDwoqhYz02StXZ6JOyxVVkCAwEAAaNTMFEwHQYDVR0OBBYEFG9i38+jmqJFRAz+ifk3elRNh4HlMB8GA1UdIwQYMBaA\
    FG9i38+jmqJFRAz+ifk3elRNh4HlMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBANP+2wRonNQ3Yb08J37dTnJ87nJAr5qfd+\
    HC38Ral4vBpr/Ln4yBEOO4/z7opNAQn4nZ9sR89/ZrqaX21xig2BwpaY0wFD9fyxpcKmIB5sZHJvk/oiyttpk4QW3FUp98qHbM62Kmk/sPLkBH\
    9lhkrg+s93GDCtF0KeVPF5B2HU5uL31slqZaixKW9pByRzuK4+vBWMoUegwBYA89F/Cuh2OPANzw7Ys8oA8DmLvYsDI0+Tjl4fEA1UfWZP+3JZ\
    u3mtOpETzvaYg8lz5zGsFP1bi4SdljKNEBwyyaUgf28BOtXqjpNwWD5nA2CPpkDTP7q3mq22ZwVY8oxSfQh/SdDN0=";

/// A certificate for `CN=sp-encryption.example.com`.
pub(super) const OTHER_CERTIFICATE: &str = "\
    MIIDKzCCAhOgAwIBAgIUG0dEzD2Tdxk8eXtcJkGw17cKXkgwDQYJKoZIhvcNAQELBQAwJDEiMCAGA1UEAwwZc3AtZW5jcnlwdGlvbi5leGFtcG\
    xlLmNvbTAgFw0yNjExMjMwMzIzMjBaGA8yMTI2MTAzMDAzMjMyMFowJDEiMCAGA1UEAwwZc3AtZW5jcnlwdGlvbi5leGFtcGxlLmNvbTCCASIw\
    DQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBALEByfqC4XKCG/yu+T2IkbzDFad2RVer0a//SRFM8XcvrL/NinlvJPWFGnWK2En1/WFHCzL+0A\
    xffHqhRNieSs96kvmV3RSCi1UbPXSVn80gi8VNmrw8cLeUIUMPFGyysIYnq64s23F9yki27wPUfXdCvVCfbvfUHOhnYLhFX8Lh0NpwhClW3hcs\
    v6CSkN067/nocQG/6/tzXdfIN45qcgA+fMohL34TP3gyRWEZu1aBDuy3wueqL4MFhoEMnvj/Jwsa/aU0mxysI2oieUtgVSrWZOt8MFq+PglhCw\
    1vzhvwgkXfLkmsE+lac5V1uue7N8S3IzmHmf1i4eKYCqmzM6cCAwEAAaNTMFEwHQYDVR0OBBYEFGy2mGx8MWXlqe7MLsPXVMyuaQYsMB8GA1Ud\
    IwQYMBaAFGy2mGx8MWXlqe7MLsPXVMyuaQYsMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBAAut9hiPoFa7MaXN1+ZDoD6+Gq\
    us6dITbEWFTZ5XJ32uuLCm3RdzrEyaG60xIjyJgO5ft7dlIFQYCGOataEzevPYF5yP0MmRvh3cuqiSpwqFQnQl+PKXoQyA33N74XiiVPX/3I1H\
    8ZUFzkpBviih2Wo0imX385GWqKpEN2B3jDcDo/OpKoiKAsxczQ+wO11xlA0jzX9mBwkdziwT+J4tB0jyl4l4FmK4dPHJpZqdc9Xe5mZWZfmZ2b\
    Y0uWcwuf4vOVcv0ukxDr+bEwDAYYQpA1nUVb81G+K8zyvFz89q6+ujIyubUbDbOKLYDs2SiIl/2TYZgpoUTd2e0YhJ2uA+Xvc=";

/// An entity with this id and content.
pub(super) fn entity(id: &str, content: &str) -> String {
    let start = "<md:EntityDescriptor xmlns:md='urn:oasis:names:tc:SAML:2.0:metadata'";
    format!("{start} entityID='{id}'>{content}</md:EntityDescriptor>")
}

/// A list of entities.
pub(super) fn entities(content: &str) -> String {
    format!("<EntitiesDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata'>{content}</EntitiesDescriptor>")
}

/// The role that a client is made of.
pub(super) fn service_provider(content: &str) -> String {
    format!("<md:SPSSODescriptor protocolSupportEnumeration='x'>{content}</md:SPSSODescriptor>")
}

/// An endpoint of a binding of SAML V2.0.
pub(super) fn endpoint(element: &str, binding: &str, location: &str, more: &str) -> String {
    let binding = format!("urn:oasis:names:tc:SAML:2.0:bindings:{binding}");
    format!("<md:{element} Binding='{binding}' Location='{location}' index='0' {more}/>")
}

/// A key of this use.
pub(super) fn key(usage: &str, certificate: &str) -> String {
    format!(
        "<md:KeyDescriptor use='{usage}'><KeyInfo xmlns='http://www.w3.org/2000/09/xmldsig#'><X509Data>\
         <X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></md:KeyDescriptor>"
    )
}

/// Extensions that say how the entity shows itself.
pub(super) fn user_interface(content: &str) -> String {
    format!("<md:Extensions><UIInfo xmlns='urn:oasis:names:tc:SAML:metadata:ui'>{content}</UIInfo></md:Extensions>")
}
