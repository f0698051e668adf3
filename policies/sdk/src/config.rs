//! A policy's settings: how they are shown, and how they are read.

use crate::{ConfigEntry, ConfigError, ConfigProperty};

/// One setting: what the administrator sees of it, and its name in errors.
///
/// ```
/// use matricula_policy_sdk::Property;
/// const DOMAIN: Property = Property {
///     label: "Domain",
///     help_text: "Redirect URIs must be below it",
///     ..Property::text("domain")
/// };
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// Key in the configuration.
    pub name: &'static str,
    /// Caption of the field: text, or a message key of the console.
    pub label: &'static str,
    /// Explanation beside the field: text, or a message key of the console.
    pub help_text: &'static str,
    /// Keycloak's type, `boolean` for one.
    pub kind: &'static str,
    /// JSON of the value that the form starts with: `true`, `"200"`.
    pub default_value: Option<&'static str>,
    /// What errors call the setting. Empty: by its label.
    pub title: &'static str,
}

impl Property {
    /// A line of text or a number: read with [`Config::text`] or [`Config::number`].
    pub const fn text(name: &'static str) -> Self {
        Self { name, label: name, help_text: "", kind: "String", default_value: None, title: "" }
    }

    /// On or off: read with [`Config::switch`].
    pub const fn switch(name: &'static str) -> Self {
        Self { kind: "boolean", ..Self::text(name) }
    }

    /// One of the options that [`form`](Self::form) is given: read with [`Config::choice`].
    pub const fn choice(name: &'static str) -> Self {
        Self { kind: "List", ..Self::text(name) }
    }

    /// Any number of texts: read with [`Config::list`].
    pub const fn list(name: &'static str) -> Self {
        Self { kind: "MultivaluedString", ..Self::text(name) }
    }

    /// Any number out of the options that [`form`](Self::form) is given: read with [`Config::list`].
    pub const fn choices(name: &'static str) -> Self {
        Self { kind: "MultivaluedList", ..Self::text(name) }
    }

    /// The setting for the console's form. No options: anything may be entered.
    pub fn form(&self, options: Vec<String>) -> ConfigProperty {
        ConfigProperty {
            name: self.name.into(),
            label: self.label.into(),
            help_text: self.help_text.into(),
            type_: self.kind.into(),
            default_value: self.default_value.map(str::to_owned),
            options,
            ..ConfigProperty::default()
        }
    }

    /// An error about this setting, in words of the policy.
    pub fn error(&self, message: impl Into<String>) -> ConfigError {
        ConfigError { property: Some(self.name.into()), message: message.into() }
    }

    /// The error for a setting that must be there and is not.
    pub fn missing(&self) -> ConfigError {
        self.wrong("is required")
    }

    /// An error in Keycloak's form (ConfigurationValidationHelper).
    fn wrong(&self, what: &str) -> ConfigError {
        let title = if self.title.is_empty() { self.label } else { self.title };
        self.error(format!("'{title}' {what}"))
    }
}

/// The settings of one policy. Each reading takes the values out, so a setting is read once.
#[derive(Debug, Default)]
pub struct Config {
    entries: Vec<ConfigEntry>,
}

impl Config {
    /// These settings.
    pub fn new(entries: Vec<ConfigEntry>) -> Self {
        Self { entries }
    }

    /// These settings and one more, for tests: `Config::default().with("max-clients", &["200"])`.
    #[must_use]
    pub fn with(mut self, name: &str, values: &[&str]) -> Self {
        let values = values.iter().map(|value| value.to_string()).collect();
        self.entries.push(ConfigEntry { name: name.into(), values });
        self
    }

    /// Every value that is not blank; none when the setting is absent.
    pub fn list(&mut self, property: &Property) -> Vec<String> {
        let entry = self.entries.iter_mut().find(|entry| entry.name == property.name);
        let mut values = entry.map(|entry| std::mem::take(&mut entry.values)).unwrap_or_default();
        values.retain(|value| !value.trim().is_empty());
        values
    }

    /// The value, if there is one.
    ///
    /// # Errors
    /// There are several.
    pub fn text(&mut self, property: &Property) -> Result<Option<String>, ConfigError> {
        let mut values = self.list(property);
        if values.len() > 1 {
            return Err(property.wrong("should be a single entry"));
        }
        Ok(values.pop())
    }

    /// The value, if there is one, as a 32-bit decimal integer with or without a sign.
    ///
    /// # Errors
    /// There are several, or it is no such number.
    pub fn number(&mut self, property: &Property) -> Result<Option<i32>, ConfigError> {
        let parsed = self.text(property)?.map(|text| text.parse());
        parsed.transpose().map_err(|_| property.wrong("should be a number"))
    }

    /// What the value stands for, if there is one: `words` are those that it may be.
    ///
    /// # Errors
    /// There are several, or it is none of the words.
    pub fn choice<T: Copy>(&mut self, property: &Property, words: &[(&str, T)]) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(property)? else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                Err(property.wrong(&format!("should be one of {}", words.join(", "))))
            }
        }
    }

    /// The value, if there is one: exactly `true` or `false`.
    ///
    /// # Errors
    /// There are several, or it is neither.
    pub fn switch(&mut self, property: &Property) -> Result<Option<bool>, ConfigError> {
        let parsed = self.text(property)?.map(|text| text.parse());
        parsed.transpose().map_err(|_| property.wrong("should be 'true' or 'false'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Property = Property { title: "Limit", ..Property::text("limit") };

    #[test]
    fn reads_a_decimal_32_bit_integer() {
        for (text, number) in [("200", 200), ("+002", 2), ("-5", -5), ("2147483647", i32::MAX)] {
            assert_eq!(Config::default().with("limit", &[text]).number(&LIMIT), Ok(Some(number)));
        }
        for text in ["many", "1.5", "0x10", " 7", "2147483648"] {
            let error = ConfigError { property: Some("limit".into()), message: "'Limit' should be a number".into() };
            assert_eq!(Config::default().with("limit", &[text]).number(&LIMIT), Err(error));
        }
    }

    #[test]
    fn reads_a_switch_that_is_exactly_true_or_false() {
        assert_eq!(Config::default().with("limit", &["true"]).switch(&LIMIT), Ok(Some(true)));
        assert_eq!(Config::default().with("limit", &["false"]).switch(&LIMIT), Ok(Some(false)));
        for text in ["TRUE", "yes", "1"] {
            let error = Config::default().with("limit", &[text]).switch(&LIMIT).unwrap_err();
            assert_eq!(error.message, "'Limit' should be 'true' or 'false'");
        }
    }

    #[test]
    fn reads_a_choice_by_its_word() {
        let words = [("low", 1), ("high", 2)];
        let mut config = Config::default().with("limit", &["high"]);
        assert_eq!(config.choice(&LIMIT, &words), Ok(Some(2)));
        assert_eq!(Config::default().choice(&LIMIT, &words), Ok(None));
        let error = Config::default().with("limit", &["High"]).choice(&LIMIT, &words).unwrap_err();
        assert_eq!(error.message, "'Limit' should be one of low, high");
    }

    #[test]
    fn refuses_several_values_where_one_is_read() {
        let error = Config::default().with("limit", &["1", "2"]).number(&LIMIT).unwrap_err();
        assert_eq!(error.message, "'Limit' should be a single entry");
    }

    #[test]
    fn takes_blank_values_for_absent_ones() {
        assert_eq!(Config::default().with("limit", &["", " "]).number(&LIMIT), Ok(None));
        assert_eq!(Config::default().with("limit", &[" ", "a"]).list(&LIMIT), ["a"]);
        assert_eq!(Config::default().text(&LIMIT), Ok(None));
    }

    #[test]
    fn calls_a_setting_by_its_label_unless_it_has_a_title() {
        const DOMAIN: Property = Property { label: "Domain", ..Property::text("domain") };
        assert_eq!(DOMAIN.missing().message, "'Domain' is required");
    }
}
