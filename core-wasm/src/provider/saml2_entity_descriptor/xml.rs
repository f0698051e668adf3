//! The guarded XML reader: the elements of a document that nobody vouches for, one after the other.
//!
//! quick-xml splits the document; what it leaves to its callers is checked here: legal characters and names, prefixes,
//! attributes, references, one root, depth. Document type declarations are skipped, so there is nothing to expand or to
//! fetch. Time and memory grow with the length of the document alone.

use super::characters::{attribute_value, clip, dereference, is_legal, is_name, is_space};
use super::namespaces::{Namespace, Namespaces};
use quick_xml::events::Event;
use std::borrow::Cow;

/// Elements within elements. Metadata is a dozen deep.
const MAX_DEPTH: usize = 200;

/// Attributes of one element, declarations of namespaces included. The limit of the Java runtime.
const MAX_ATTRIBUTES: usize = 10_000;

/// Why a document cannot be read, and where.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    /// Offset of the place in the document, in bytes.
    pub(super) at: usize,
    /// What is wrong there, for whoever wrote it.
    pub(super) problem: String,
}

/// An element whose start has been read.
pub(super) struct Element<'a> {
    namespace: Namespace,
    /// Its name without the prefix.
    pub(super) name: &'a str,
    attributes: Vec<Attribute<'a>>,
    /// Offset of its start in the document, for faults.
    pub(super) at: usize,
}

struct Attribute<'a> {
    prefix: &'a str,
    namespace: Namespace,
    /// Its name without the prefix.
    name: &'a str,
    value: Cow<'a, str>,
}

impl Element<'_> {
    pub(super) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    pub(super) fn is_in(&self, namespace: Namespace) -> bool {
        self.namespace == namespace
    }

    /// The value of an attribute without a prefix, trimmed.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attribute_in(Namespace::NONE, name)
    }

    /// The value of an attribute of a namespace, trimmed.
    pub(super) fn attribute_in(&self, namespace: Namespace, name: &str) -> Option<&str> {
        let attribute = self.attributes.iter().find(|a| a.name == name && a.namespace == namespace)?;
        Some(trim(&attribute.value))
    }

    /// A fault of this element; the problem follows its name.
    pub(super) fn fault(&self, problem: impl std::fmt::Display) -> Fault {
        Fault { at: self.at, problem: format!("{} {problem}", clip(self.name)) }
    }
}

/// Reads a document from its beginning; what follows the end of the root is not looked at.
pub(super) struct Reader<'a> {
    document: &'a str,
    events: quick_xml::Reader<&'a [u8]>,
    namespaces: Namespaces<'a>,
    /// Offset of the first character that no document may contain, else the end.
    first_illegal: usize,
    depth: usize,
    /// The element just started was `<x/>`: its end is still to be told.
    is_empty: bool,
    /// No document type declaration may follow.
    has_document_type: bool,
}

/// What a document consists of, as far as callers care.
enum Piece<'a> {
    Start(Element<'a>),
    End,
    Text(Cow<'a, str>),
    /// The document is over.
    Nothing,
}

impl<'a> Reader<'a> {
    /// A reader of this document, which has no byte order mark.
    pub(super) fn new(document: &'a str) -> Self {
        let mut events = quick_xml::Reader::from_str(document);
        events.config_mut().check_comments = true;
        // quick-xml drops a byte order mark without counting it, and all offsets would be wrong.
        let mut illegal = document.char_indices().filter(|(at, c)| !is_legal(*c) || (*at == 0 && *c == '\u{feff}'));
        let first_illegal = illegal.next().map_or(document.len(), |(at, _)| at);
        let namespaces = Namespaces::new();
        Reader { document, events, namespaces, first_illegal, depth: 0, is_empty: false, has_document_type: false }
    }

    /// The root element.
    pub(super) fn root(&mut self) -> Result<Element<'a>, Fault> {
        match self.piece()? {
            Piece::Start(root) => Ok(root),
            _ => Err(self.fault("there is no element")),
        }
    }

    /// The next element directly within the current one; none at its end. The elements that were returned before must
    /// have been read to their ends: by this function, `text` or `skip`.
    pub(super) fn child(&mut self) -> Result<Option<Element<'a>>, Fault> {
        loop {
            match self.piece()? {
                Piece::Start(child) => return Ok(Some(child)),
                Piece::End => return Ok(None),
                Piece::Text(_) => {}
                Piece::Nothing => return Err(self.unfinished()),
            }
        }
    }

    /// The text of the current element up to its end, trimmed. It has no elements within it.
    pub(super) fn text(&mut self) -> Result<String, Fault> {
        let mut text = String::new();
        loop {
            match self.piece()? {
                Piece::Text(more) => text.push_str(&more),
                Piece::End => return Ok(trim(&text).into()),
                Piece::Start(child) => return Err(child.fault("stands where text is expected")),
                Piece::Nothing => return Err(self.unfinished()),
            }
        }
    }

    /// Reads the rest of the current element, whatever is in it.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let end = self.depth - 1;
        while self.depth > end {
            if let Piece::Nothing = self.piece()? {
                return Err(self.unfinished());
            }
        }
        Ok(())
    }

    /// Reads the rest of the current element; gives the first element of a name, at any depth in it, and its text.
    pub(super) fn find(&mut self, namespace: Namespace, name: &str) -> Result<Option<(Element<'a>, String)>, Fault> {
        let mut found = None;
        let end = self.depth - 1;
        while self.depth > end {
            match self.piece()? {
                Piece::Start(element) if found.is_none() && element.is(namespace, name) => {
                    found = Some((element, self.text()?));
                }
                Piece::Nothing => return Err(self.unfinished()),
                _ => {}
            }
        }
        Ok(found)
    }

    /// Whether nothing at all follows in the document.
    pub(super) fn is_at_end(&self) -> bool {
        self.offset() == self.document.len() && !self.is_empty
    }

    fn piece(&mut self) -> Result<Piece<'a>, Fault> {
        if std::mem::take(&mut self.is_empty) {
            return Ok(self.end());
        }
        loop {
            let at = self.offset();
            let event = self.events.read_event().map_err(|error| Fault {
                at: usize::try_from(self.events.error_position()).unwrap_or(at),
                problem: clip(&error.to_string()).into(),
            })?;
            if self.first_illegal < self.offset() {
                return Err(Fault {
                    at: self.first_illegal,
                    problem: "a character that XML does not allow here".into(),
                });
            }
            let source = &self.document[at..self.offset()];
            let fault = |problem: String| Fault { at, problem };
            match event {
                Event::Start(_) => return self.start(at, source, false),
                Event::Empty(_) => return self.start(at, source, true),
                Event::End(_) => return Ok(self.end()),
                Event::Eof => return Ok(Piece::Nothing),
                Event::Comment(_) => {}
                Event::PI(instruction) => {
                    let target = instruction.target();
                    if !is_name(target) || target.eq_ignore_ascii_case("xml") {
                        return Err(fault(format!("no processing instruction may be called {}", clip(target))));
                    }
                }
                Event::Decl(_) if at == 0 => check_declaration(source).map_err(fault)?,
                Event::Decl(_) => {
                    return Err(fault("an XML declaration stands at the very beginning or nowhere".into()));
                }
                Event::DocType(_) if !std::mem::replace(&mut self.has_document_type, true) => {
                    check_document_type(source).map_err(fault)?;
                }
                Event::DocType(_) => {
                    return Err(fault("a document type declaration stands once, before all elements".into()));
                }
                Event::Text(_) if self.depth == 0 && source.chars().all(is_space) => {}
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) if self.depth == 0 => {
                    return Err(fault("text stands outside all elements".into()));
                }
                Event::Text(_) if source.contains("]]>") => return Err(fault("text contains ]]>".into())),
                Event::Text(_) => return Ok(Piece::Text(source.into())),
                Event::CData(data) => return Ok(Piece::Text(data.into_inner())),
                Event::GeneralRef(reference) => {
                    let character = dereference(&reference.into_inner()).map_err(fault)?;
                    return Ok(Piece::Text(String::from(character).into()));
                }
            }
        }
    }

    /// A tag that starts an element: its name and attributes, with what their prefixes stand for.
    fn start(&mut self, at: usize, source: &'a str, is_empty: bool) -> Result<Piece<'a>, Fault> {
        let fault = |problem: String| Fault { at, problem };
        self.has_document_type = true;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(fault(format!("elements are nested deeper than {MAX_DEPTH}")));
        }
        let tag = &source[1..source.len() - if is_empty { 2 } else { 1 }];
        let (qualified, rest) = tag.split_at(tag.find(is_space).unwrap_or(tag.len()));
        let mut attributes: Vec<Attribute> = Vec::new();
        for attribute in RawAttributes(rest) {
            let (name, raw) = attribute.map_err(fault)?;
            if attributes.len() == MAX_ATTRIBUTES {
                return Err(fault(format!("an element has more than {MAX_ATTRIBUTES} attributes")));
            }
            let value = attribute_value(raw).map_err(fault)?;
            let (prefix, name) = split_name(name).map_err(fault)?;
            let mut namespace = Namespace::NONE;
            if prefix == "xmlns" || (prefix.is_empty() && name == "xmlns") {
                namespace = Namespace::XMLNS;
                let declared = if prefix.is_empty() { "" } else { name };
                self.namespaces.declare(self.depth, declared, value.clone()).map_err(fault)?;
            }
            attributes.push(Attribute { prefix, namespace, name, value });
        }
        let unbound = |prefix: &str| fault(format!("the prefix {} is not bound to a namespace", clip(prefix)));
        for Attribute { prefix, namespace, .. } in &mut attributes {
            // The default namespace does not apply to attributes.
            if *namespace == Namespace::NONE && !prefix.is_empty() {
                *namespace = self.namespaces.resolve(prefix).ok_or_else(|| unbound(prefix))?;
            }
        }
        if let Some(name) = repeated(&attributes) {
            return Err(fault(format!("the attribute {} is given twice", clip(name))));
        }
        let (prefix, name) = split_name(qualified).map_err(fault)?;
        let namespace = self.namespaces.resolve(prefix).ok_or_else(|| unbound(prefix))?;
        self.is_empty = is_empty;
        Ok(Piece::Start(Element { namespace, name, attributes, at }))
    }

    /// The current element ends. quick-xml has compared the names.
    fn end(&mut self) -> Piece<'a> {
        self.namespaces.end(self.depth);
        self.depth -= 1;
        Piece::End
    }

    fn offset(&self) -> usize {
        // A document that is in memory has offsets that fit.
        usize::try_from(self.events.buffer_position()).unwrap_or(self.document.len())
    }

    fn unfinished(&self) -> Fault {
        self.fault("the document ends within an element")
    }

    fn fault(&self, problem: &str) -> Fault {
        Fault { at: self.offset(), problem: problem.into() }
    }
}

/// Attributes as they are written: white space, name, `=`, quoted value, and so on.
struct RawAttributes<'a>(&'a str);

impl<'a> Iterator for RawAttributes<'a> {
    type Item = Result<(&'a str, &'a str), String>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.trim_start_matches(is_space);
        if rest.is_empty() {
            return None;
        }
        let attribute = split_attribute(rest).filter(|_| rest.len() < self.0.len());
        self.0 = attribute.map_or("", |(_, _, after)| after);
        Some(attribute.map(|(name, value, _)| (name, value)).ok_or_else(|| {
            let word = rest.split(is_space).next().unwrap_or_default();
            format!("{} is no attribute with a value in quotes", clip(word))
        }))
    }
}

/// Name, value and what follows of a text that begins with an attribute.
fn split_attribute(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('=')?;
    let rest = rest.trim_start_matches(is_space);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, after) = rest[1..].split_once(quote)?;
    Some((name.trim_end_matches(is_space), value, after))
}

/// Prefix ("" if there is none) and local part of a name.
fn split_name(qualified: &str) -> Result<(&str, &str), String> {
    let (prefix, local) = qualified.split_once(':').unwrap_or(("", qualified));
    let is_prefixed = local.len() < qualified.len();
    if is_name(local) && (!is_prefixed || is_name(prefix)) {
        Ok((prefix, local))
    } else {
        Err(format!("{} is no name", clip(qualified)))
    }
}

/// The name of an attribute that is there twice, if any is.
fn repeated<'a>(attributes: &[Attribute<'a>]) -> Option<&'a str> {
    if attributes.len() < 2 {
        return None;
    }
    let mut names: Vec<_> = attributes.iter().map(|attribute| (attribute.namespace, attribute.name)).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].1)
}

/// The encoding that an XML declaration names, given what is between `<?xml` and `?>`.
pub(super) fn declared_encoding(declaration: &str) -> Option<&str> {
    let mut parts = RawAttributes(declaration).map_while(Result::ok);
    parts.find(|(name, _)| *name == "encoding").map(|(_, value)| value)
}

/// `<?xml version="1.0" encoding="…" standalone="…"?>`. What the encoding is was looked at before.
fn check_declaration(source: &str) -> Result<(), String> {
    let content = source.trim_start_matches("<?xml").trim_end_matches("?>");
    let parts: Vec<_> = RawAttributes(content).collect::<Result<_, _>>()?;
    let mut parts = parts.into_iter().peekable();
    let version = parts.next_if(|(name, value)| *name == "version" && matches!(*value, "1.0" | "1.1"));
    parts.next_if(|(name, _)| *name == "encoding");
    parts.next_if(|(name, value)| *name == "standalone" && matches!(*value, "yes" | "no"));
    if version.is_some() && parts.next().is_none() { Ok(()) } else { Err("the XML declaration is malformed".into()) }
}

/// `<!DOCTYPE name …>`. Nothing of what it declares counts, and references to parameter entities are not allowed.
fn check_document_type(source: &str) -> Result<(), String> {
    let content = source.strip_prefix("<!DOCTYPE").filter(|content| content.starts_with(is_space)).unwrap_or_default();
    let name = content.trim_start_matches(is_space).split(|c| is_space(c) || matches!(c, '[' | '>')).next();
    split_name(name.unwrap_or_default()).map_err(|_| "the document type declaration is malformed".to_owned())?;
    let mut percents = content.split('%').skip(1).filter_map(|after| after.split_once(';'));
    match percents.find(|(name, _)| is_name(name)) {
        Some((name, _)) => Err(format!("entity references such as %{}; are not allowed", clip(name))),
        None => Ok(()),
    }
}

/// Without what surrounds it of white space and control characters (Java's `String.trim`).
fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole document as one line: elements with numbered namespaces, attributes in brackets, text as it is.
    fn read(document: &str) -> Result<String, Fault> {
        let mut reader = Reader::new(document);
        let root = reader.root()?;
        let mut line = describe(&root);
        while reader.depth > 0 {
            line += &match reader.piece()? {
                Piece::Start(element) => describe(&element),
                Piece::End => "/".into(),
                Piece::Text(text) => text.into_owned(),
                Piece::Nothing => return Err(reader.unfinished()),
            };
        }
        Ok(line)
    }

    fn describe(element: &Element) -> String {
        let attributes = element.attributes.iter().filter(|a| a.namespace != Namespace::XMLNS);
        let attributes: String = attributes.map(|a| format!("[{}={}]", a.name, a.value)).collect();
        format!("<{}{}{attributes}", if element.is_in(Namespace::METADATA) { "md:" } else { "" }, element.name)
    }

    #[test]
    fn reads_what_is_well_formed() {
        for (document, line) in [
            ("<a/>", "<a/"),
            ("<?xml version='1.0' encoding=\"x\" standalone = 'no' ?>\n<!-- - --> <a>x</a >", "<ax/"),
            ("<!DOCTYPE a>\n<a b = '1'\tc='\"'/>", "<a[b=1][c=\"]/"),
            ("<!DOCTYPE a SYSTEM 'http://127.0.0.1/>' ><a/>", "<a/"),
            ("<!DOCTYPE a [<!ENTITY x ']>'><!-- ]> --><?p ]> ?>]><a/>", "<a/"),
            ("<!DOCTYPE a PUBLIC '-' 'u:%C3%A9' [<!ENTITY % x 'y'>]><a/>", "<a/"),
            ("<a>&lt;&#x41;<![CDATA[<&x;]]>]] ></a>", "<a<A<&x;]] >/"),
            ("<?p x?><a><?p?><b/><!----></a>", "<a<b//"),
            ("<p:a xmlns:p='urn:oasis:names:tc:SAML:2.0:metadata' p:x='1' x='2'/>", "<md:a[x=1][x=2]/"),
            (
                "<a xmlns='urn:oasis:names:tc:SAML:2.0:metadata'><b xmlns=''/><c x='' xml:lang='de'/></a>",
                "<md:a<b/<md:c[x=][lang=de]//",
            ),
            ("<a/>anything < & at all \u{1}", "<a/"),
            ("<größe ü='日'>\u{10000}</größe>", "<größe[ü=日]\u{10000}/"),
        ] {
            assert_eq!(read(document).as_deref(), Ok(line), "{document}");
        }
    }

    #[test]
    fn refuses_what_is_not_well_formed_and_says_where() {
        for (document, at, problem) in [
            ("", 0, "no element"),
            (" \n ", 3, "no element"),
            ("<!-- x -->", 10, "no element"),
            ("text", 0, "outside"),
            ("&amp;<a/>", 0, "outside"),
            ("<![CDATA[x]]><a/>", 0, "outside"),
            ("<", 0, "syntax error"),
            ("<a", 0, "syntax error"),
            ("<a>", 3, "ends within"),
            ("<a><b></b>", 10, "ends within"),
            ("<a></b>", 3, "expected `</a>`"),
            ("</a>", 0, "does not match"),
            ("<a></a b='1'>", 3, "expected `</a>`"),
            ("<a><!-- -- --></a>", 8, "--"),
            ("<a><!--->", 3, "syntax error"),
            ("<a>\u{1}</a>", 3, "character"),
            ("<a b='\u{fffe}'/>", 6, "character"),
            ("\u{feff}<a/>", 0, "character"),
            ("\u{feff}é", 0, "character"),
            ("\u{feff}", 0, "no element"),
            ("<a>]]></a>", 3, "]]>"),
            ("<a>&x;</a>", 3, "&x;"),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", 33, "&x;"),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a b='&x;'/>", 30, "&x;"),
            ("<a>&amp</a>", 3, "ill-formed"),
            ("<a>&#0;</a>", 3, "no character"),
            ("<a b='&#8;'/>", 0, "no character"),
            ("<a b='<'/>", 0, "contains <"),
            ("<a b/>", 0, "no attribute"),
            ("<a b=1/>", 0, "no attribute"),
            ("<a b='1'c='2'/>", 0, "no attribute"),
            ("<a b='1' b='2'/>", 0, "twice"),
            ("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", 0, "twice"),
            ("<a xmlns='u' xmlns='u'/>", 0, "twice"),
            ("<p:a/>", 0, "prefix p"),
            ("<a p:b='1'/>", 0, "prefix p"),
            ("<a><b xmlns:p='u'/><p:c/></a>", 19, "prefix p"),
            ("<a xmlns:p=''/>", 0, "prefix p"),
            ("<p:a:b xmlns:p='u'/>", 0, "no name"),
            ("<:a/>", 0, "no name"),
            ("<1/>", 0, "no name"),
            ("<a\"b\"/>", 0, "no name"),
            ("<>", 0, "no name"),
            (" <?xml version='1.0'?><a/>", 1, "very beginning"),
            ("<a><?xml version='1.0'?></a>", 3, "very beginning"),
            ("<?xml?><a/>", 0, "declaration"),
            ("<?xml version='2.0'?><a/>", 0, "declaration"),
            ("<?xml encoding='x' version='1.0'?><a/>", 0, "declaration"),
            ("<?XML x?><a/>", 0, "processing"),
            ("<??><a/>", 0, ""),
            ("<a><!DOCTYPE a></a>", 3, "document type"),
            ("<!doctype a><a/>", 0, "document type"),
            ("<!DOCTYPE><a/>", 9, ""),
            ("<!DOCTYPE a [<!ENTITY % x 'y'>%x;]><a/>", 0, "%x;"),
            ("<!DOCTYPE a><!DOCTYPE a><a/>", 12, "document type"),
            ("<!DOCTYPE a [<a/>", 0, "syntax error"),
            ("<!ENTITY a><a/>", 0, "syntax error"),
        ] {
            let fault = read(document).expect_err(document);
            assert!(fault.problem.contains(problem), "{document}: {fault:?}");
            assert_eq!(fault.at, at, "{document}: {fault:?}");
        }
    }

    #[test]
    fn elements_are_nested_up_to_the_limit() {
        let nested = |depth| read(&("<a>".repeat(depth) + &"</a>".repeat(depth)));
        assert!(nested(MAX_DEPTH).is_ok());
        assert!(nested(MAX_DEPTH + 1).unwrap_err().problem.contains("nested deeper"));
    }

    #[test]
    fn an_element_has_attributes_up_to_the_limit() {
        let with = |count| read(&format!("<a{}/>", (0..count).map(|i| format!(" a{i}=''")).collect::<String>()));
        assert!(with(MAX_ATTRIBUTES).is_ok());
        assert!(with(MAX_ATTRIBUTES + 1).unwrap_err().problem.contains("more than"));
    }

    #[test]
    fn no_damage_to_a_document_makes_the_reader_panic() {
        let document = "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x ']>'><!-- ]> -->]>\n<!--é-->\
             <p:a xmlns:p='u' xmlns='v' p:b=\"&#65;\"><b>&amp;<![CDATA[x]]></b><c/><?p q?>ü</p:a>";
        let pieces = [
            "<",
            ">",
            "&",
            ";",
            "'",
            "\"",
            "/",
            "!",
            "?",
            "-",
            "]",
            "[",
            "=",
            " ",
            "é",
            ":",
            "<!--",
            "-->",
            "]]>",
            "<![CDATA[",
            "\u{feff}",
        ];
        let boundaries: Vec<_> = document.char_indices().map(|(at, _)| at).collect();
        for at in &boundaries {
            let _ = read(&document[..*at]);
            let _ = read(&document[*at..]);
            for piece in pieces {
                let _ = read(&format!("{}{piece}{}", &document[..*at], &document[*at..]));
                let after = document[*at..].chars().next().map_or(0, char::len_utf8);
                let _ = read(&format!("{}{piece}{}", &document[..*at], &document[at + after..]));
            }
        }
    }
}
