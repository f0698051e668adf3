//! Work on the database itself, without a server: `matricula backup`, `restore` and `encrypt`.

use anyhow::Context;
use matricula_store::{Store, backup, resealing, sealing};

use crate::config::{File, Place};

/// `matricula backup FILE`.
pub(crate) async fn back_up(arguments: File) -> anyhow::Result<()> {
    backup::backup(&arguments.place.database_url(), &arguments.file).await?;
    println!("{} is a whole copy of the database", arguments.file.display());
    Ok(())
}

/// `matricula restore FILE`.
pub(crate) async fn restore(arguments: File) -> anyhow::Result<()> {
    backup::restore(&arguments.place.database_url(), &arguments.file).await?;
    println!("the database is that of {}; start the server", arguments.file.display());
    Ok(())
}

/// `matricula encrypt`.
pub(crate) async fn encrypt(place: Place) -> anyhow::Result<()> {
    sealing::take_keys()?;
    let store = Store::open(&place.database_url()).await?;
    let changed = resealing::reseal(&store).await.context("encrypting")?;
    println!("{changed} values were changed; everything is stored with the current master key, or with none");
    Ok(())
}
