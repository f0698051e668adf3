//! Values of the contract as JSON and back, by the types that a component names: a field added to the contract needs
//! nothing here. `tests/cases/README.md` says how they are written.

use anyhow::{Context, bail};
use serde_json::{Map, Number, Value};
use wasmtime::component::types::Type;
use wasmtime::component::{Val, types};

use super::case::whole_numbers;

/// Reads a value of this type.
///
/// # Errors
/// What does not fit, and where.
pub(super) fn read(json: &Value, wanted: &Type) -> anyhow::Result<Val> {
    Ok(match wanted {
        Type::Bool => Val::Bool(json.as_bool().context("true or false is expected")?),
        Type::U16 => Val::U16(number(json)?),
        Type::U32 => Val::U32(number(json)?),
        Type::S32 => Val::S32(number(json)?),
        Type::U64 => Val::U64(number(json)?),
        Type::String => Val::String(text(json)?),
        Type::Option(option) => Val::Option(match json {
            Value::Null => None,
            value => Some(Box::new(read(value, &option.ty())?)),
        }),
        Type::List(list) => Val::List(read_list(json, &list.ty())?),
        Type::Tuple(tuple) => {
            let values = json.as_array().context("a list is expected")?;
            let types: Vec<Type> = tuple.types().collect();
            if values.len() != types.len() {
                bail!("{} values are expected", types.len());
            }
            Val::Tuple(values.iter().zip(&types).map(|(value, wanted)| read(value, wanted)).collect::<Result<_, _>>()?)
        }
        Type::Record(record) => Val::Record(read_record(json, record)?),
        Type::Enum(names) => {
            let name = text(json)?;
            if !names.names().any(|known| known == name) {
                bail!("{name:?} is none of {}", names.names().collect::<Vec<_>>().join(", "));
            }
            Val::Enum(name)
        }
        Type::Variant(variant) => {
            let (name, data) = case_of(json)?;
            let known = || variant.cases().map(|case| case.name.to_owned()).collect::<Vec<_>>().join(", ");
            let case = variant.cases().find(|case| case.name == name);
            let case = case.with_context(|| format!("{name:?} is none of {}", known()))?;
            Val::Variant(name.to_owned(), read_data(name, data, case.ty.as_ref())?)
        }
        Type::Result(result) => match case_of(json)? {
            ("ok", data) => Val::Result(Ok(read_data("ok", data, result.ok().as_ref())?)),
            ("err", data) => Val::Result(Err(read_data("err", data, result.err().as_ref())?)),
            (other, _) => bail!("{other:?} is neither ok nor err"),
        },
        other => bail!("the contract has no values of type {other:?}"),
    })
}

/// Writes a value. What is absent, empty or false is left out of records, as nothing is lost by that.
pub(super) fn write(value: &Val) -> Value {
    match value {
        Val::Bool(flag) => Value::Bool(*flag),
        Val::U8(number) => (*number).into(),
        Val::U16(number) => (*number).into(),
        Val::U32(number) => (*number).into(),
        Val::S32(number) => (*number).into(),
        Val::U64(number) => (*number).into(),
        Val::S64(number) => (*number).into(),
        Val::String(text) | Val::Enum(text) => Value::String(text.clone()),
        Val::Option(None) => Value::Null,
        Val::Option(Some(value)) => write(value),
        Val::List(values) => write_list(values),
        Val::Tuple(values) => values.iter().map(write).collect(),
        Val::Record(fields) => {
            let written = fields.iter().filter(|(_, value)| !is_nothing(value));
            Value::Object(written.map(|(name, value)| (name.clone(), write(value))).collect())
        }
        Val::Variant(name, None) => Value::String(name.clone()),
        Val::Variant(name, Some(data)) => one(name, write(data)),
        Val::Result(Ok(data)) => one("ok", data.as_deref().map(write).unwrap_or_default()),
        Val::Result(Err(data)) => one("err", data.as_deref().map(write).unwrap_or_default()),
        // No other values are in the contract.
        other => Value::String(format!("{other:?}")),
    }
}

/// Whether a field says as much when it is left out.
fn is_nothing(value: &Val) -> bool {
    match value {
        Val::Option(None) | Val::Bool(false) => true,
        Val::List(values) => values.is_empty(),
        _ => false,
    }
}

/// An object with one member.
fn one(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}

fn text(json: &Value) -> anyhow::Result<String> {
    Ok(json.as_str().context("a text is expected")?.to_owned())
}

fn number<T: TryFrom<i128>>(json: &Value) -> anyhow::Result<T> {
    let number = json.as_number().and_then(Number::as_i128);
    number.and_then(|number| T::try_from(number).ok()).context("a number in the range of the field is expected")
}

/// A case of a variant: its name, or an object with its name and its data.
fn case_of(json: &Value) -> anyhow::Result<(&str, Option<&Value>)> {
    match json {
        Value::String(name) => Ok((name, None)),
        Value::Object(members) if members.len() == 1 => {
            members.iter().next().map(|(name, data)| (name.as_str(), Some(data))).context("an object is expected")
        }
        _ => bail!("a text or an object with one member is expected"),
    }
}

fn read_data(name: &str, data: Option<&Value>, wanted: Option<&Type>) -> anyhow::Result<Option<Box<Val>>> {
    match (data, wanted) {
        (None | Some(Value::Null), None) => Ok(None),
        (Some(data), Some(wanted)) => Ok(Some(Box::new(read(data, wanted).context(name.to_owned())?))),
        (Some(_), None) => bail!("{name} has no data"),
        (None, Some(_)) => bail!("{name} needs data"),
    }
}

fn read_record(json: &Value, record: &types::Record) -> anyhow::Result<Vec<(String, Val)>> {
    let members = json.as_object().context("an object is expected")?;
    if let Some(unknown) = members.keys().find(|name| !record.fields().any(|field| field.name == *name)) {
        let known: Vec<_> = record.fields().map(|field| field.name.to_owned()).collect();
        bail!("there is no {unknown:?}, only {}", known.join(", "));
    }
    let mut fields = Vec::new();
    for field in record.fields() {
        // Null says as much as absence.
        let value = match members.get(field.name).filter(|value| !value.is_null()) {
            Some(value) => read(value, &field.ty).with_context(|| field.name.to_owned())?,
            None => match field.ty {
                Type::Option(_) => Val::Option(None),
                Type::List(_) => Val::List(Vec::new()),
                Type::Bool => Val::Bool(false),
                _ => bail!("{:?} is missing", field.name),
            },
        };
        fields.push((field.name.to_owned(), value));
    }
    Ok(fields)
}

fn read_list(json: &Value, element: &Type) -> anyhow::Result<Vec<Val>> {
    match (json, element) {
        // A document.
        (Value::String(text), Type::U8) => Ok(text.bytes().map(Val::U8).collect()),
        (document @ Value::Object(_), Type::U8) => {
            Ok(document.to_string().into_bytes().into_iter().map(Val::U8).collect())
        }
        (_, Type::U8) => bail!("a text or an object is expected"),
        (Value::Object(members), Type::Record(record)) => {
            let [name, value] = names_and_values(record).context("a list is expected")?;
            let entry = |(key, json): (&String, &Value)| {
                let read = read(json, &value.ty).with_context(|| key.clone())?;
                let fields = [(name.name.to_owned(), Val::String(key.clone())), (value.name.to_owned(), read)];
                Ok(Val::Record(fields.into()))
            };
            members.iter().map(entry).collect()
        }
        (Value::Array(values), _) => {
            let one =
                |(index, value): (usize, &Value)| read(value, element).with_context(|| format!("number {}", index + 1));
            values.iter().enumerate().map(one).collect()
        }
        _ => bail!("a list is expected"),
    }
}

/// The fields of a record that is a name with a value or values: such lists are written as objects.
fn names_and_values(record: &types::Record) -> Option<[types::Field<'_>; 2]> {
    let mut fields = record.fields();
    let (name, value, rest) = (fields.next()?, fields.next()?, fields.next());
    let is_pair = name.name == "name" && matches!(value.name, "value" | "values") && rest.is_none();
    is_pair.then_some([name, value])
}

fn write_list(values: &[Val]) -> Value {
    if let [Val::U8(_), ..] = values {
        let bytes: Vec<u8> =
            values.iter().filter_map(|value| if let Val::U8(byte) = value { Some(*byte) } else { None }).collect();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        return object(&text).unwrap_or(Value::String(text));
    }
    let pairs: Option<Map<String, Value>> = values.iter().map(pair).collect();
    match pairs {
        // Names are unique; if a component says otherwise, that is to be seen.
        Some(pairs) if !values.is_empty() && pairs.len() == values.len() => Value::Object(pairs),
        _ => values.iter().map(write).collect(),
    }
}

/// A document that is a JSON object: how it is spaced says nothing.
fn object(text: &str) -> Option<Value> {
    let mut json: Value = serde_json::from_str(text).ok().filter(Value::is_object)?;
    whole_numbers(&mut json).ok()?;
    Some(json)
}

/// A record of a name with a value or values.
fn pair(value: &Val) -> Option<(String, Value)> {
    let Val::Record(fields) = value else { return None };
    match fields.as_slice() {
        [(name, Val::String(key)), (value, data)] if name == "name" && (value == "value" || value == "values") => {
            Some((key.clone(), write(data)))
        }
        _ => None,
    }
}
