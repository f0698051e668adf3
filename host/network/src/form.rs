//! Bodies of type `application/x-www-form-urlencoded`.

use percent_encoding::percent_decode_str;

/// A text as it was before it was encoded for a form; what is not valid UTF-8 is replaced.
pub fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Names and values in their order.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form; a body that is none has no names.
    pub fn read(body: &[u8]) -> Form {
        let text = String::from_utf8_lossy(body);
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        Form(pairs.map(|(name, value)| (decode(name), decode(value))).collect())
    }

    /// The first value of a name; empty counts as given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of a name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
