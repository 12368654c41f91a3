//! What `/requests` can be filtered and ordered by (contract, 1.5, and the vendor's specification).

use super::asset::Asset;
use super::asset_columns::{AssetField, EQ, EQ_IN, NULLABLE, ORDERED, TEXT, above_a_column, optional};
use super::party::Assignee;
use super::request::Request;
use crate::rql::{Column, Kind, Lookup, Row, Scalar};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestField {
    Id,
    Type,
    Status,
    Created,
    Updated,
    AssigneeId,
    AssigneeEmail,
    TemplateId,
    SliDays,
    SliZone,
    Asset(AssetField),
}

/// A request with what its fields are read from.
pub(super) struct RequestRow<'a> {
    pub(super) request: &'a Request,
    pub(super) asset: &'a Asset,
    pub(super) wall_us: i64,
}

const fn text(name: &'static str, field: RequestField, lookups: Lookup) -> Column<RequestField> {
    Column::new(name, field, Kind::Text, lookups)
}

const fn asset(name: &'static str, field: AssetField, lookups: Lookup) -> Column<RequestField> {
    Column::new(name, RequestField::Asset(field), Kind::Text, lookups)
}

const EQ_ILIKE: Lookup = EQ.and(Lookup::ILIKE);
const EQ_ILIKE_IN: Lookup = EQ_ILIKE.and(Lookup::IN);
const COMPARED: Lookup = EQ.and(Lookup::GE).and(Lookup::GT).and(Lookup::LE).and(Lookup::LT);

const HUB: &str = "HB-0000-0000";
const CONNECTION: &str = "CT-0000-0000-0000";
const CONTRACT: &str = "CRD-00000-00000-00000";
const MARKETPLACE: &str = "MP-00000";

pub(super) const COLUMNS: &[Column<RequestField>] = &[
    text("id", RequestField::Id, NULLABLE),
    text("type", RequestField::Type, TEXT),
    text("status", RequestField::Status, TEXT).ordered(),
    Column::new("created", RequestField::Created, Kind::Instant, ORDERED).ordered(),
    Column::new("updated", RequestField::Updated, Kind::Instant, ORDERED).ordered(),
    text("assignee", RequestField::AssigneeId, EQ_IN.and(Lookup::NULL)),
    text("assignee.email", RequestField::AssigneeEmail, EQ_ILIKE_IN),
    text("assignee__email", RequestField::AssigneeEmail, EQ_ILIKE_IN),
    text("template.id", RequestField::TemplateId, NULLABLE),
    Column::new("sli.days", RequestField::SliDays, Kind::Integer, COMPARED).ordered(),
    Column::new("sli.zone", RequestField::SliZone, Kind::Integer, ORDERED.and(Lookup::NULL)).ordered(),
    asset("asset_id", AssetField::Id, EQ_IN),
    asset("asset.id", AssetField::Id, NULLABLE),
    asset("asset__id", AssetField::Id, NULLABLE),
    asset("asset.status", AssetField::Status, EQ),
    asset("asset.external_id", AssetField::ExternalId, NULLABLE),
    asset("asset.external.id", AssetField::ExternalId, NULLABLE),
    asset("asset.external_uid", AssetField::ExternalUid, NULLABLE),
    asset("asset.account_id", AssetField::CustomerId, EQ),
    asset("product_id", AssetField::ProductId, NULLABLE),
    asset("asset.product.id", AssetField::ProductId, NULLABLE),
    asset("asset__product__id", AssetField::ProductId, NULLABLE),
    asset("asset.product.name", AssetField::ProductName, TEXT).ordered(),
    asset("asset__product__name", AssetField::ProductName, TEXT).ordered(),
    asset("asset.params.id", AssetField::ParamId, EQ_IN),
    asset("asset.params.value", AssetField::ParamValue, EQ_IN),
    asset("asset.connection.id", AssetField::ConnectionId, NULLABLE).null_as(CONNECTION),
    asset("asset.connection.type", AssetField::ConnectionType, EQ_IN),
    asset("asset__connection__type", AssetField::ConnectionType, EQ_IN),
    asset("asset.connection.environment", AssetField::ConnectionType, EQ_IN),
    asset("asset__connection__environment", AssetField::ConnectionType, EQ_IN),
    asset("asset.connection.hub.id", AssetField::HubId, NULLABLE).null_as(HUB),
    asset("asset__connection__hub__id", AssetField::HubId, EQ),
    asset("asset.connection.hub.name", AssetField::HubName, TEXT).ordered(),
    asset("asset__connection__hub__name", AssetField::HubName, TEXT).ordered(),
    asset("asset.connection.provider.id", AssetField::ProviderId, EQ_ILIKE_IN),
    asset("asset__connection__provider__id", AssetField::ProviderId, EQ_ILIKE_IN),
    asset("asset.connection.provider.name", AssetField::ProviderName, EQ_ILIKE),
    asset("asset__connection__provider__name", AssetField::ProviderName, EQ_ILIKE),
    asset("asset.connection.vendor.id", AssetField::VendorId, EQ_ILIKE_IN),
    asset("asset__connection__vendor__id", AssetField::VendorId, EQ_ILIKE_IN),
    asset("asset.connection.vendor.name", AssetField::VendorName, EQ_ILIKE),
    asset("asset__connection__vendor__name", AssetField::VendorName, EQ_ILIKE),
    asset("asset.contract.id", AssetField::ContractId, NULLABLE).null_as(CONTRACT),
    asset("contract.id", AssetField::ContractId, NULLABLE).null_as(CONTRACT),
    asset("contract__id", AssetField::ContractId, NULLABLE).null_as(CONTRACT),
    asset("contract__id__exact", AssetField::ContractId, EQ),
    asset("asset.marketplace.id", AssetField::MarketplaceId, NULLABLE).null_as(MARKETPLACE),
    asset("marketplace.id", AssetField::MarketplaceId, NULLABLE).null_as(MARKETPLACE),
    asset("asset.marketplace.name", AssetField::MarketplaceName, TEXT).ordered(),
    asset("marketplace.name", AssetField::MarketplaceName, TEXT).ordered(),
    asset("marketplace__name", AssetField::MarketplaceName, TEXT).ordered(),
    asset("asset.tiers.customer.id", AssetField::CustomerId, NULLABLE).ordered(),
    asset("asset__tiers__customer__id", AssetField::CustomerId, EQ).ordered(),
    asset("asset.tiers.customer.name", AssetField::CustomerName, NULLABLE).ordered(),
    asset("asset.tiers.tier1.id", AssetField::Tier1Id, NULLABLE),
    asset("asset__tiers__tier1__id", AssetField::Tier1Id, EQ),
    asset("asset.tier1_id", AssetField::Tier1Id, EQ),
    asset("asset.tiers.tier2.id", AssetField::Tier2Id, NULLABLE),
    asset("asset.tiers.tier2", AssetField::Tier2Id, EQ),
    asset("asset__tiers__tier2__id", AssetField::Tier2Id, EQ),
    asset("asset.tier2_id", AssetField::Tier2Id, EQ),
];

/// Paths of `select(…)` that are no filters.
const SELECTABLE: [&str; 18] = [
    "activation_key",
    "asset.items",
    "asset.configuration",
    "asset.product.capabilities",
    "asset.events",
    "asset.external_name",
    "asset.billing",
    "note",
    "reason",
    "answered",
    "effective_date",
    "planned_date",
    "previous_approved_request",
    "external_attributes",
    "events",
    "params_form_url",
    "asset.product.icon",
    "asset.renewal_expiration_date",
];

pub(super) fn selectable(path: &str) -> bool {
    SELECTABLE.contains(&path) || above_a_column(COLUMNS.iter().map(|column| column.name), path)
}

impl Row for RequestRow<'_> {
    type Field = RequestField;

    fn any(&self, field: RequestField, holds: &mut dyn FnMut(Scalar<'_>) -> bool) -> bool {
        let request = self.request;
        match field {
            RequestField::Id => holds(Scalar::Text(&request.id)),
            RequestField::Type => holds(Scalar::Text(request.kind.word())),
            RequestField::Status => holds(Scalar::Text(request.status.word())),
            RequestField::Created => holds(Scalar::Integer(request.created_us)),
            RequestField::Updated => holds(Scalar::Integer(request.updated_us)),
            RequestField::AssigneeId => match &request.assignee {
                Assignee::User { id, .. } => holds(Scalar::Text(id)),
                Assignee::Text(text) => holds(Scalar::Text(text)),
                Assignee::Nobody | Assignee::Null => holds(Scalar::Null),
            },
            RequestField::AssigneeEmail => match &request.assignee {
                Assignee::User { email, .. } => holds(Scalar::Text(email)),
                _ => holds(Scalar::Null),
            },
            RequestField::TemplateId => {
                let template = request.template.as_ref().and_then(|rendered| rendered.template.as_ref());
                optional(template.map(|template| template.id), holds)
            }
            RequestField::SliDays => holds(Scalar::Integer(request.age(self.wall_us).0)),
            RequestField::SliZone => holds(Scalar::Integer(request.age(self.wall_us).1)),
            // A request that has ended keeps the parameters that it ended with.
            RequestField::Asset(AssetField::ParamValue) => {
                let params = request.params.as_ref().unwrap_or(&self.asset.params);
                params.iter().any(|param| optional(param.value.as_deref(), holds))
            }
            RequestField::Asset(field) => self.asset.any(field, holds),
        }
    }
}
