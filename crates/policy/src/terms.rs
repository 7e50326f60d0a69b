//! What policy permits for one request.

use std::{fmt, sync::Arc};

use vocab::{CertificateId, EvidenceLevel, MechanismId, RouteId, TenantId, Timestamp};

use crate::{
    cell::{Asked, Cell, Selection},
    control::{Control, Finding},
    model::Route,
    workload::Workload,
};

/// How far a route is from the gateway (R1). Earlier variants are tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// In the gateway's own region.
    SameRegion,
    /// In another region of its jurisdiction.
    SameJurisdiction,
    /// In another jurisdiction.
    CrossBorder,
}

impl Tier {
    /// The name used in records and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameRegion => "same_region",
            Self::SameJurisdiction => "same_jurisdiction",
            Self::CrossBorder => "cross_border",
        }
    }

    /// Its place in the order: 0 is tried first.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::SameRegion => 0,
            Self::SameJurisdiction => 1,
            Self::CrossBorder => 2,
        }
    }
}

/// A route that keeps every control of the workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permitted {
    /// The route.
    pub route: Arc<Route>,
    /// How far it is from the gateway.
    pub tier: Tier,
    /// The certificate that shows it (EQV-1).
    pub certificate: CertificateId,
    /// The ground on which a border is crossed: `Some` exactly when gateway, processing or
    /// storage lie outside the origin.
    pub mechanism: Option<MechanismId>,
}

/// A route that does not keep a control, with the first control that it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The route.
    pub route: RouteId,
    /// The control.
    pub control: Control,
    /// What the workload requires.
    pub required: String,
    /// What was found; `unknown` where nothing is stated.
    pub found: String,
}

impl Rejected {
    pub(crate) fn new(route: &RouteId, finding: &Finding<'_>) -> Self {
        Self {
            route: route.clone(),
            control: finding.control,
            required: finding.required.to_string(),
            found: finding.found.to_string(),
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { route, control, required, found } = self;
        write!(f, "route `{route}`: {} must be {required}, found {found}", control.as_str())
    }
}

/// What policy permits for one request: eligible routes, evidence level, obligations. Cheap to
/// clone.
#[derive(Debug, Clone)]
pub struct Terms {
    cell: Arc<Cell>,
    asked: Asked,
    /// `None` while the cell's own selection holds, which is nearly always.
    own: Option<Arc<Selection>>,
}

impl Terms {
    pub(crate) fn new(cell: Arc<Cell>, asked: Asked, own: Option<Arc<Selection>>) -> Self {
        Self { cell, asked, own }
    }

    fn selection(&self) -> &Selection {
        self.own.as_deref().unwrap_or_else(|| self.cell.selection())
    }

    /// The routes that may serve, nearest tier first, then in the bundle's order. Never empty.
    #[must_use]
    pub fn routes(&self) -> &[Permitted] {
        &self.selection().permitted
    }

    /// The other routes of the model, each with the first control it fails.
    #[must_use]
    pub fn rejected(&self) -> &[Rejected] {
        &self.selection().rejected
    }

    /// The workload with its controls.
    #[must_use]
    pub fn workload(&self) -> &Workload {
        self.cell.workload()
    }

    /// When evidence must be durable (A2).
    #[must_use]
    pub fn evidence(&self) -> EvidenceLevel {
        self.cell.workload().evidence
    }

    /// The tenant these terms were asked for.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.asked.tenant
    }

    /// Whether `route` may serve at `now`: the whole question again, before every attempt (P1,
    /// EQV-1). Time can only narrow the terms: a route that was not among [`Self::routes`] stays
    /// out.
    ///
    /// # Errors
    /// The control that does not hold, or no longer.
    pub fn permits(&self, route: &RouteId, now: Timestamp) -> Result<(), Rejected> {
        if self.routes().iter().any(|permitted| permitted.route.id == *route) {
            return self.cell.ask(route, &self.asked, now).map(|_| ());
        }
        let known = self.rejected().iter().find(|rejected| rejected.route == *route).cloned();
        Err(known.unwrap_or_else(|| Rejected {
            route: route.clone(),
            control: Control::Certificate,
            required: "a route of these terms".to_owned(),
            found: "another".to_owned(),
        }))
    }
}
