//! What is taken of a table, as flags.

use crate::data::{Missing, TableOptions};
use crate::train::DataConfig;

/// Which columns of a table are features, and what becomes of missing values.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct TableArguments {
    /// The columns that are features, by name or place from 0 on [default: all numbers]
    #[arg(
        long,
        value_name = "NAME,NAME,...",
        value_delimiter = ',',
        hide_short_help = true,
        help_heading = "Tables"
    )]
    pub(super) columns: Option<Vec<String>>,
    /// The column that holds labels [default: text, or `label`, `class`, `target`, ...]
    #[arg(
        long,
        value_name = "NAME",
        hide_short_help = true,
        help_heading = "Tables"
    )]
    pub(super) label_column: Option<String>,
    /// A column to leave out [default: one without a name, or that counts the rows]
    #[arg(
        long,
        value_name = "NAME",
        hide_short_help = true,
        help_heading = "Tables"
    )]
    pub(super) id_column: Option<String>,
    /// drop, mean or refuse: rows with missing values are left out, get the column's mean, or are an error [default: mean]
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        hide_possible_values = true,
        hide_short_help = true,
        help_heading = "Tables"
    )]
    pub(super) missing: Option<Missing>,
}

impl TableArguments {
    /// Writes them into a configuration.
    pub(super) fn describe(&self, data: &mut DataConfig) {
        let TableOptions {
            columns,
            label_column,
            id_column,
            missing,
            trained: _,
        } = self.options();
        (data.columns, data.label_column) = (columns, label_column);
        (data.id_column, data.missing) = (id_column, missing);
    }

    pub(super) fn options(&self) -> TableOptions {
        TableOptions {
            columns: self.columns.clone(),
            label_column: self.label_column.clone(),
            id_column: self.id_column.clone(),
            missing: self.missing,
            trained: None,
        }
    }
}
