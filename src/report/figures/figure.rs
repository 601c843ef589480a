//! One figure of a tear sheet.

#![forbid(unsafe_code)]

/// What a figure is counted in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FigureUnit {
    /// A share of 1, shown in percent.
    Share,
    /// A plain number.
    Ratio,
    /// Calendar days.
    Days,
}

/// One figure, and the same of buy and hold.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Figure {
    /// The heading that it stands under.
    pub group: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: FigureUnit,
    /// The account's; `None` where it is not defined.
    pub own: Option<f64>,
    /// That of buy and hold; `None` where it is not defined, or is of both together.
    pub hold: Option<f64>,
    /// How it is worked out.
    pub definition: &'static str,
}
