//! The kinds of things that are shared.

/// Those that this Connec! knows.
pub(super) const RESOURCES: [&str; 16] = [
    "accounts",
    "company",
    "credit_notes",
    "employees",
    "events",
    "invoices",
    "items",
    "journals",
    "opportunities",
    "organizations",
    "payments",
    "people",
    "projects",
    "purchase_orders",
    "sales_orders",
    "tax_codes",
];

pub(super) fn is_known(resource: &str) -> bool {
    RESOURCES.contains(&resource)
}

/// A group has one company, which has no id in its path.
pub(super) fn is_single(resource: &str) -> bool {
    resource == "company"
}
