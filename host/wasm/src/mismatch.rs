//! Which function of the contract a component has otherwise than the contract: looked for where the engine does not take
//! a component, as it names neither interface nor function.

use std::sync::LazyLock;

use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Function, Resolve, SourceMap, Type, TypeDefKind, WorldItem};

/// Files of the contract, below `wit/`.
macro_rules! files {
    ($($name:literal),+ $(,)?) => { [$(($name, include_str!(concat!("../../../wit/", $name)))),+] };
}

/// The contract.
const CONTRACT: [(&str, &str); 9] = files!(
    "client-policy.wit",
    "client.wit",
    "config.wit",
    "decision.wit",
    "facts.wit",
    "policy.wit",
    "provider.wit",
    "request.wit",
    "world.wit",
);
/// What of the next one is on trial.
const ON_TRIAL: [(&str, &str); 1] = files!("next/world.wit");

/// The contract and what is on trial; `None` is told once.
static OURS: LazyLock<Option<Resolve>> = LazyLock::new(|| {
    let mut ours = Resolve::default();
    let read = [&CONTRACT[..], &ON_TRIAL[..]].into_iter().try_for_each(|files| {
        let mut map = SourceMap::new();
        files.iter().for_each(|(name, text)| map.push_str(name, *text));
        let group = map.parse().map_err(|(_, error)| error.to_string())?;
        ours.push_group(group).map(|_| ()).map_err(|error| error.to_string())
    });
    read.inspect_err(|error| tracing::error!(error, "the contract cannot be read")).ok().map(|()| ours)
});

/// The first function of the contract that a component has otherwise, as a sentence; `None` when there is none or the
/// file cannot be read.
pub(super) fn first(bytes: &[u8]) -> Option<String> {
    // Its reader may give up on what the engine has refused already.
    std::panic::catch_unwind(|| find(bytes)).ok().flatten()
}

fn find(bytes: &[u8]) -> Option<String> {
    let ours = OURS.as_ref()?;
    let DecodedWasm::Component(theirs, world) = decode(bytes).ok()? else { return None };
    let world = theirs.worlds.get(world)?;
    let imports = interfaces(&theirs, ours, world.imports.values()).find_map(|interface| interface.import());
    imports.or_else(|| interfaces(&theirs, ours, world.exports.values()).find_map(|interface| interface.export()))
}

/// An interface as a component has it and as the contract has it.
struct Interface<'a> {
    /// `policies`
    name: String,
    /// `0.1.0`
    version: String,
    theirs: (&'a Resolve, &'a wit_parser::Interface),
    ours: (&'a Resolve, &'a wit_parser::Interface),
}

/// The interfaces of a component that the contract has too.
fn interfaces<'a>(
    theirs: &'a Resolve,
    ours: &'a Resolve,
    items: impl Iterator<Item = &'a WorldItem>,
) -> impl Iterator<Item = Interface<'a>> {
    items.filter_map(move |item| {
        let WorldItem::Interface { id, .. } = item else { return None };
        let whole = theirs.id_of(*id)?;
        let (_, own) = ours.interfaces.iter().find(|(id, _)| ours.id_of(*id).as_ref() == Some(&whole))?;
        let (path, version) = whole.split_once('@')?;
        let (_, name) = path.rsplit_once('/')?;
        Some(Interface {
            name: name.to_owned(),
            version: version.to_owned(),
            theirs: (theirs, theirs.interfaces.get(*id)?),
            ours: (ours, own),
        })
    })
}

impl Interface<'_> {
    /// A function that the host would call.
    fn export(&self) -> Option<String> {
        let (name, version) = (&self.name, &self.version);
        self.ours.1.functions.iter().find_map(|(function, ours)| {
            let why = match self.theirs.1.functions.get(function) {
                None => "there is no such function".to_owned(),
                Some(theirs) => self.differs(ours, theirs)?,
            };
            Some(format!("it does not export `{name}.{function}` as the contract {version} has it: {why}"))
        })
    }

    /// A function that the host would be asked for.
    fn import(&self) -> Option<String> {
        let (name, version) = (&self.name, &self.version);
        self.theirs.1.functions.iter().find_map(|(function, theirs)| match self.ours.1.functions.get(function) {
            None => Some(format!("it imports `{name}.{function}`, which the contract {version} does not have")),
            Some(ours) => {
                let why = self.differs(ours, theirs)?;
                Some(format!("it does not import `{name}.{function}` as the contract {version} has it: {why}"))
            }
        })
    }

    fn differs(&self, ours: &Function, theirs: &Function) -> Option<String> {
        let (own, other) = (self.ours.0, self.theirs.0);
        if ours.params.len() != theirs.params.len() {
            return Some(format!("it takes {} parameters, not {}", ours.params.len(), theirs.params.len()));
        }
        let parameters = ours.params.iter().zip(&theirs.params).find_map(|(ours, theirs)| {
            let why = of_types((own, ours.ty), (other, theirs.ty))?;
            Some(format!("parameter `{}`: {why}", ours.name))
        });
        parameters.or_else(|| match (ours.result, theirs.result) {
            (None, None) => None,
            (Some(ours), Some(theirs)) => {
                of_types((own, ours), (other, theirs)).map(|why| format!("its result: {why}"))
            }
            (Some(_), None) => Some("it has a result".to_owned()),
            (None, Some(_)) => Some("it has no result".to_owned()),
        })
    }
}

/// A type and where it is from.
type Typed<'a> = (&'a Resolve, Type);

/// How the second type differs from the first, which is the contract's.
fn of_types(ours: Typed<'_>, theirs: Typed<'_>) -> Option<String> {
    let (ours, theirs) = (plain(ours), plain(theirs));
    let (Type::Id(own), Type::Id(other)) = (ours.1, theirs.1) else {
        return (ours.1 != theirs.1).then(|| format!("{} is expected, not {}", named(ours), named(theirs)));
    };
    let (own, other) = (ours.0.types.get(own)?, theirs.0.types.get(other)?);
    let inner = |ours_inner: Type, theirs_inner: Type| of_types((ours.0, ours_inner), (theirs.0, theirs_inner));
    let why = match (&own.kind, &other.kind) {
        (TypeDefKind::Record(own), TypeDefKind::Record(other)) => members(
            "field",
            own.fields.iter().map(|field| (&*field.name, Some(field.ty))),
            other.fields.iter().map(|field| (&*field.name, Some(field.ty))),
            inner,
        ),
        (TypeDefKind::Variant(own), TypeDefKind::Variant(other)) => members(
            "case",
            own.cases.iter().map(|case| (&*case.name, case.ty)),
            other.cases.iter().map(|case| (&*case.name, case.ty)),
            inner,
        ),
        (TypeDefKind::Enum(own), TypeDefKind::Enum(other)) => members(
            "case",
            own.cases.iter().map(|case| (&*case.name, None)),
            other.cases.iter().map(|case| (&*case.name, None)),
            inner,
        ),
        (TypeDefKind::Tuple(own), TypeDefKind::Tuple(other)) if own.types.len() == other.types.len() => {
            own.types.iter().zip(&other.types).find_map(|(ours, theirs)| inner(*ours, *theirs))
        }
        (TypeDefKind::List(own), TypeDefKind::List(other)) | (TypeDefKind::Option(own), TypeDefKind::Option(other)) => {
            inner(*own, *other)
        }
        (TypeDefKind::Result(own), TypeDefKind::Result(other)) => {
            [(own.ok, other.ok), (own.err, other.err)].into_iter().find_map(|sides| match sides {
                (None, None) => None,
                (Some(ours), Some(theirs)) => inner(ours, theirs),
                _ => Some("another result is expected".to_owned()),
            })
        }
        _ => return Some(format!("{} is expected, not {}", named(ours), named(theirs))),
    }?;
    Some(match &own.name {
        Some(name) => format!("`{name}`: {why}"),
        None => why,
    })
}

/// How fields or cases differ.
fn members<'a>(
    what: &str,
    ours: impl Iterator<Item = (&'a str, Option<Type>)>,
    mut theirs: impl Iterator<Item = (&'a str, Option<Type>)>,
    inner: impl Fn(Type, Type) -> Option<String>,
) -> Option<String> {
    for (name, ours) in ours {
        match theirs.next() {
            None => return Some(format!("{what} `{name}` is missing")),
            Some((other, _)) if other != name => {
                return Some(format!("{what} `{name}` is expected where `{other}` is"));
            }
            Some((_, theirs)) => match (ours, theirs) {
                (None, None) => {}
                (Some(ours), Some(theirs)) => {
                    if let Some(why) = inner(ours, theirs) {
                        return Some(format!("{what} `{name}`: {why}"));
                    }
                }
                (Some(_), None) => return Some(format!("{what} `{name}` holds a value")),
                (None, Some(_)) => return Some(format!("{what} `{name}` holds no value")),
            },
        }
    }
    theirs.next().map(|(other, _)| format!("there is no {what} `{other}`"))
}

/// The type behind other names for it.
fn plain((resolve, mut of): Typed<'_>) -> Typed<'_> {
    while let Type::Id(id) = of
        && let Some(TypeDefKind::Type(behind)) = resolve.types.get(id).map(|one| &one.kind)
    {
        of = *behind;
    }
    (resolve, of)
}

/// A type in words: `string`, `a list`, `record client`.
fn named((resolve, of): Typed<'_>) -> String {
    match of {
        Type::Id(id) => match resolve.types.get(id) {
            Some(one) => match &one.name {
                Some(name) => format!("{} `{name}`", one.kind.as_str()),
                None => format!("a value of kind {}", one.kind.as_str()),
            },
            None => "another type".to_owned(),
        },
        plain => format!("`{plain:?}`").to_lowercase(),
    }
}
