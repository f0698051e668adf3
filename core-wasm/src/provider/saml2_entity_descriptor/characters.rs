//! Characters, names and references of XML 1.0: what may stand where. Used by the reader in `xml`.

use std::borrow::Cow;

/// Whether XML allows this character at all (production `Char`).
pub(super) fn is_legal(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    }
}

/// White space of markup (production `S`).
pub(super) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// Whether this is a name without a colon (production `NCName` of "Namespaces in XML 1.0").
pub(super) fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(starts_name) && characters.all(|c| starts_name(c) || continues_name(c))
}

fn starts_name(character: char) -> bool {
    matches!(character,
        'a'..='z' | 'A'..='Z' | '_' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}' | '\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

fn continues_name(character: char) -> bool {
    matches!(character,
        '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}')
}

/// The character that a reference stands for, given what is between `&` and `;`. Only the five predefined entities
/// exist: what a document type declaration declares is never expanded.
///
/// # Errors
/// The reference stands for nothing that may be in a document.
pub(super) fn dereference(reference: &str) -> Result<char, String> {
    match reference {
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "amp" => return Ok('&'),
        "apos" => return Ok('\''),
        "quot" => return Ok('"'),
        _ => {}
    }
    let number = match reference.strip_prefix('#') {
        Some(number) => number,
        None => return Err(format!("entity references such as &{}; are not allowed", clip(reference))),
    };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |hexadecimal| (hexadecimal, 16));
    // The check of the digits keeps out the sign that `from_str_radix` takes.
    let code = digits.chars().all(|c| c.is_digit(radix)).then(|| u32::from_str_radix(digits, radix).ok()).flatten();
    code.and_then(char::from_u32)
        .filter(|c| is_legal(*c))
        .ok_or_else(|| format!("the reference &{}; stands for no character", clip(reference)))
}

/// The value of an attribute, given what is between its quotes: references replaced, white space made spaces (§3.3.3).
///
/// # Errors
/// A `<` or a reference that is not allowed.
pub(super) fn attribute_value(raw: &str) -> Result<Cow<'_, str>, String> {
    if !raw.contains(['<', '&', '\t', '\n', '\r']) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(position) = rest.find(['<', '&', '\t', '\n', '\r']) {
        let (before, special) = rest.split_at(position);
        value.push_str(before);
        rest = match special.as_bytes() {
            [b'<', ..] => return Err("the value of an attribute contains <".into()),
            [b'&', ..] => {
                let (reference, after) = special[1..].split_once(';').ok_or("a reference does not end")?;
                value.push(dereference(reference)?);
                after
            }
            [b'\r', b'\n', ..] => {
                value.push(' ');
                &special[2..]
            }
            _ => {
                value.push(' ');
                &special[1..]
            }
        };
    }
    value.push_str(rest);
    Ok(Cow::Owned(value))
}

/// A piece of the document for a message: not more of it than a reader wants to see.
pub(super) fn clip(text: &str) -> &str {
    text.char_indices().nth(80).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_recommendation() {
        for name in ["a", "_x", "A-1.b", "größe", "日本"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "1a", "-a", "a:b", "a\"b", "a b", "a/", "\u{301}a", "a\u{37e}"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn references_are_predefined_or_of_characters() {
        for (reference, character) in [("lt", '<'), ("quot", '"'), ("#65", 'A'), ("#x1F600", '😀'), ("#0000065", 'A')]
        {
            assert_eq!(dereference(reference), Ok(character));
        }
        for reference in
            ["", "x", "LT", "#", "#x", "#0", "#+65", "#X41", "#xD800", "#xFFFF", "#99999999999", "#x110000"]
        {
            assert!(dereference(reference).is_err(), "{reference}");
        }
    }

    #[test]
    fn white_space_in_attributes_becomes_spaces_unless_it_is_referred_to() {
        assert_eq!(attribute_value("a\t\r\nb &#10;&amp;").unwrap(), "a  b \n&");
        assert!(attribute_value("a<b").is_err());
        assert!(attribute_value("a&b").is_err());
        assert!(attribute_value("&x;").is_err());
    }
}
