//! What a caller wants to read of an error, by the `Accept` lines of its request (RFC 9110 §12.5.1).

use axum::http::{HeaderMap, HeaderValue, header};
use mediatype::names::{_STAR, APPLICATION, JSON, PROBLEM, Q};
use mediatype::{MediaType, MediaTypeList, ReadParams};

/// The lines of a request. They are looked at only when there is something to choose from.
pub(crate) struct Accept {
    first: Option<HeaderValue>,
    more: Vec<HeaderValue>,
}

/// The forms of an error that has members beyond Keycloak's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Keycloak's members alone. Its Java client and its command line read nothing of an error that has others; they
    /// accept `application/json`.
    Plain,
    /// All members.
    Full,
    /// All members as a problem (RFC 9457).
    Problem,
}

impl Accept {
    /// What a request accepts.
    pub(crate) fn of(headers: &HeaderMap) -> Accept {
        let mut lines = headers.get_all(header::ACCEPT).iter().cloned();
        Accept { first: lines.next(), more: lines.collect() }
    }

    /// The form for this caller. The order of the media ranges says nothing, nor does their quality unless it is 0.
    pub(super) fn form(&self) -> Form {
        let (mut json, mut any) = (false, false);
        let lines = self.first.iter().chain(&self.more).filter_map(|line| line.to_str().ok());
        for range in lines.flat_map(MediaTypeList::new).flatten().filter(is_wanted) {
            let is_application = range.ty == APPLICATION;
            match range.suffix {
                Some(suffix) if suffix == JSON && is_application && range.subty == PROBLEM => return Form::Problem,
                Some(suffix) => json |= suffix == JSON,
                None => {
                    json |= is_application && range.subty == JSON;
                    any |= (is_application || range.ty == _STAR) && range.subty == _STAR;
                }
            }
        }
        if json && !any { Form::Plain } else { Form::Full }
    }
}

/// A quality of 0 means: not this.
fn is_wanted(range: &MediaType<'_>) -> bool {
    let quality = range.get_param(Q).and_then(|value| value.unquoted_str().parse::<f32>().ok());
    quality.is_none_or(|quality| quality > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(lines: &[&'static str]) -> Form {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::ACCEPT, HeaderValue::from_static(line));
        }
        Accept::of(&headers).form()
    }

    #[test]
    fn who_names_json_and_nothing_wider_gets_the_plain_form() {
        for lines in [
            &["application/json"][..],
            &["Application/JSON"],
            &["application/json;charset=UTF-8"],
            &["application/json;q=0.9, text/plain"],
            &["text/html,application/json ; q=0.1"],
            &["application/vnd.api+json"],
            &["text/html", "application/json"],
            &["application/json, */*;q=0"],
            &["application/json, application/problem+json;q=0.0"],
            &["application/json; x=\"a, */*\""],
            &["text/*, application/json"],
        ] {
            assert_eq!(form(lines), Form::Plain, "{lines:?}");
        }
    }

    #[test]
    fn everybody_else_gets_all_members() {
        for lines in [
            &[][..],
            &[""],
            &["*/*"],
            &["application/*"],
            &["text/html, */*;q=0.8"],
            &["application/json, */*;q=0.1"],
            &["*/*;q=0.001, application/json"],
            &["application/json", "*/*"],
            &["application/json;q=0"],
            &["application/json;Q=0.000, text/html"],
            &["text/html"],
            &["text/json"],
            &["no media range"],
        ] {
            assert_eq!(form(lines), Form::Full, "{lines:?}");
        }
    }

    #[test]
    fn who_lists_problems_gets_one() {
        for lines in [
            &["application/problem+json"][..],
            &["APPLICATION/Problem+Json"],
            &["application/json, application/problem+json;q=0.1"],
            &["application/problem+json, application/json"],
            &["*/*, application/problem+json; charset=utf-8"],
            &["application/json", "text/html, application/problem+json"],
        ] {
            assert_eq!(form(lines), Form::Problem, "{lines:?}");
        }
    }
}
