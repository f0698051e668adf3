//! XML namespaces: the prefixes in scope, and URIs as small numbers that compare at once. Used by the reader in `xml`.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// A namespace of the document, known by its URI and never by its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Namespace(usize);

impl Namespace {
    /// Of elements without a default namespace and of attributes without a prefix.
    pub(super) const NONE: Namespace = Namespace(0);
    /// Bound to the prefix `xml` in every document.
    pub(super) const XML: Namespace = Namespace(1);
    /// Of the declarations `xmlns` and `xmlns:…` themselves.
    pub(super) const XMLNS: Namespace = Namespace(2);
    /// SAML V2.0 metadata (`md`).
    pub(super) const METADATA: Namespace = Namespace(3);
    /// SAML V2.0 metadata extensions for login and discovery user interfaces (`mdui`).
    pub(super) const USER_INTERFACE: Namespace = Namespace(4);
    /// XML signature syntax (`ds`).
    pub(super) const SIGNATURE: Namespace = Namespace(5);
    /// XML encryption syntax (`xenc`).
    pub(super) const ENCRYPTION: Namespace = Namespace(6);
    /// SAML V2.0 assertions (`saml`).
    pub(super) const ASSERTION: Namespace = Namespace(7);
    /// SAML V2.0 protocols (`samlp`).
    pub(super) const PROTOCOL: Namespace = Namespace(8);
    /// SAML V1.1 assertions.
    pub(super) const ASSERTION_1: Namespace = Namespace(9);
    /// SAML V1.1 protocols.
    pub(super) const PROTOCOL_1: Namespace = Namespace(10);
}

/// The URIs of the constants above, by number.
const URIS: [&str; 11] = [
    "",
    "http://www.w3.org/XML/1998/namespace",
    "http://www.w3.org/2000/xmlns/",
    "urn:oasis:names:tc:SAML:2.0:metadata",
    "urn:oasis:names:tc:SAML:metadata:ui",
    "http://www.w3.org/2000/09/xmldsig#",
    "http://www.w3.org/2001/04/xmlenc#",
    "urn:oasis:names:tc:SAML:2.0:assertion",
    "urn:oasis:names:tc:SAML:2.0:protocol",
    "urn:oasis:names:tc:SAML:1.0:assertion",
    "urn:oasis:names:tc:SAML:1.0:protocol",
];

/// The prefixes in scope while a document is read ("Namespaces in XML 1.0").
///
/// The tables are trees, as their keys are chosen by whoever wrote the document and a component has no randomness
/// against keys that collide in a hash table.
pub(super) struct Namespaces<'a> {
    numbers: BTreeMap<Cow<'a, str>, Namespace>,
    /// The default namespace, the innermost declaration last.
    default: Vec<Namespace>,
    /// What each prefix is bound to, the innermost declaration last.
    bound: BTreeMap<&'a str, Vec<Namespace>>,
    /// Every declaration in scope with the depth of its element, the innermost last.
    declared: Vec<(usize, &'a str)>,
}

impl<'a> Namespaces<'a> {
    pub(super) fn new() -> Self {
        Namespaces {
            numbers: URIS.iter().enumerate().map(|(number, uri)| (Cow::Borrowed(*uri), Namespace(number))).collect(),
            default: vec![Namespace::NONE],
            bound: BTreeMap::from([("xml", vec![Namespace::XML])]),
            declared: Vec::new(),
        }
    }

    /// Binds a prefix ("" for the default namespace) for the element at this depth and all within it.
    ///
    /// # Errors
    /// What the recommendation forbids about the names that begin with `xml`, and an empty URI for a prefix.
    pub(super) fn declare(&mut self, depth: usize, prefix: &'a str, uri: Cow<'a, str>) -> Result<(), String> {
        let next = Namespace(self.numbers.len());
        let namespace = *self.numbers.entry(uri).or_insert(next);
        let reserved = prefix == "xmlns" || namespace == Namespace::XMLNS;
        if reserved || (prefix == "xml") != (namespace == Namespace::XML) {
            return Err(format!("the prefix {prefix} cannot be bound to this namespace"));
        }
        if namespace == Namespace::NONE && !prefix.is_empty() {
            return Err(format!("the prefix {prefix} is bound to no namespace"));
        }
        self.declarations(prefix).push(namespace);
        self.declared.push((depth, prefix));
        Ok(())
    }

    /// Forgets the declarations of the element at this depth, which ends.
    pub(super) fn end(&mut self, depth: usize) {
        while let Some((_, prefix)) = self.declared.pop_if(|(declared_at, _)| *declared_at == depth) {
            self.declarations(prefix).pop();
        }
    }

    /// The declarations of a prefix that are in scope, the innermost last.
    fn declarations(&mut self, prefix: &'a str) -> &mut Vec<Namespace> {
        if prefix.is_empty() { &mut self.default } else { self.bound.entry(prefix).or_default() }
    }

    /// What a prefix stands for here; nothing if it is not bound.
    pub(super) fn resolve(&self, prefix: &str) -> Option<Namespace> {
        if prefix.is_empty() { self.default.last().copied() } else { self.bound.get(prefix)?.last().copied() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_means_what_the_innermost_element_says_until_that_element_ends() {
        let mut namespaces = Namespaces::new();
        assert_eq!(namespaces.resolve(""), Some(Namespace::NONE));
        assert_eq!(namespaces.resolve("md"), None);
        namespaces.declare(1, "md", URIS[3].into()).unwrap();
        namespaces.declare(2, "md", "urn:other".into()).unwrap();
        namespaces.declare(2, "", URIS[3].into()).unwrap();
        assert_ne!(namespaces.resolve("md"), Some(Namespace::METADATA));
        assert_eq!(namespaces.resolve(""), Some(Namespace::METADATA));
        namespaces.end(2);
        assert_eq!(namespaces.resolve("md"), Some(Namespace::METADATA));
        assert_eq!(namespaces.resolve(""), Some(Namespace::NONE));
        namespaces.end(1);
        assert_eq!(namespaces.resolve("md"), None);
    }

    #[test]
    fn reserved_names_keep_their_meaning() {
        for (prefix, uri) in
            [("xmlns", "urn:x"), ("p", URIS[2]), ("xml", "urn:x"), ("p", URIS[1]), ("", URIS[1]), ("p", "")]
        {
            assert!(Namespaces::new().declare(1, prefix, uri.into()).is_err(), "{prefix} {uri}");
        }
        assert!(Namespaces::new().declare(1, "xml", URIS[1].into()).is_ok());
        assert!(Namespaces::new().declare(1, "", "".into()).is_ok());
    }
}
