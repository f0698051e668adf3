//! Writing: JSON text straight into the bytes of the answer.

/// Writes a document that is an object. `capacity` is the size that it will hardly exceed.
pub fn write_object(capacity: usize, members: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity);
    object(&mut out, members);
    out
}

/// An object in the making. Members appear in the order of the calls; names are taken as they are given.
pub struct Object<'o> {
    out: &'o mut Vec<u8>,
    /// What stands before the next member: the brace or a comma.
    before: u8,
}

impl Object<'_> {
    /// A member that is text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        quoted(self.out, value);
    }

    /// A member that is text, or nothing.
    pub fn optional_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A member that is true or false.
    pub fn boolean(&mut self, name: &str, value: bool) {
        self.raw(name, if value { "true" } else { "false" });
    }

    /// A member that is a number.
    pub fn integer(&mut self, name: &str, value: i64) {
        self.raw(name, &value.to_string());
    }

    /// A member that is a list of texts.
    pub fn texts(&mut self, name: &str, values: impl IntoIterator<Item = impl AsRef<str>>) {
        self.list(name, |list| values.into_iter().for_each(|value| list.text(value.as_ref())));
    }

    /// A member that is an object.
    pub fn object(&mut self, name: &str, members: impl FnOnce(&mut Object<'_>)) {
        self.name(name);
        object(self.out, members);
    }

    /// A member that is a list.
    pub fn list(&mut self, name: &str, items: impl FnOnce(&mut List<'_>)) {
        self.name(name);
        let mut list = List { out: self.out, before: b'[' };
        items(&mut list);
        if list.before == b'[' {
            list.out.push(b'[');
        }
        list.out.push(b']');
    }

    /// A member whose value is JSON already.
    pub fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.out.extend_from_slice(json.as_bytes());
    }

    fn name(&mut self, name: &str) {
        self.out.push(self.before);
        self.before = b',';
        quoted(self.out, name);
        self.out.push(b':');
    }
}

/// A list in the making.
pub struct List<'o> {
    out: &'o mut Vec<u8>,
    /// What stands before the next item: the bracket or a comma.
    before: u8,
}

impl List<'_> {
    /// An item that is text.
    pub fn text(&mut self, value: &str) {
        self.item();
        quoted(self.out, value);
    }

    /// An item that is an object.
    pub fn object(&mut self, members: impl FnOnce(&mut Object<'_>)) {
        self.item();
        object(self.out, members);
    }

    fn item(&mut self) {
        self.out.push(self.before);
        self.before = b',';
    }
}

fn object(out: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) {
    let mut object = Object { out, before: b'{' };
    members(&mut object);
    if object.before == b'{' {
        object.out.push(b'{');
    }
    object.out.push(b'}');
}

/// Writes text in quotes; what must be escaped is, everything else stays UTF-8.
fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(length) = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ') {
        out.extend_from_slice(&rest[..length]);
        match rest[length] {
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
        rest = &rest[length + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_every_kind_of_member() {
        let json = write_object(64, |client| {
            client.text("text", "a\"b\\c\n\u{1}é");
            client.optional_text("absent", None);
            client.boolean("yes", true);
            client.integer("number", -1);
            client.texts("texts", ["a", "b"]);
            client.texts("none", [""; 0]);
            client.object("nothing", |_| {});
            client.list("list", |list| list.object(|item| item.raw("raw", "[1]")));
        });
        let expected = concat!(
            r#"{"text":"a\"b\\c\n\u0001é","yes":true,"number":-1,"texts":["a","b"],"none":[],"#,
            r#""nothing":{},"list":[{"raw":[1]}]}"#
        );
        assert_eq!(String::from_utf8(json).unwrap(), expected);
    }
}
