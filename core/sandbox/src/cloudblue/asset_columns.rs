//! What `/assets` can be filtered and ordered by (contract, 1.5, and the vendor's specification).

use super::asset::Asset;
use crate::rql::{Column, Kind, Lookup, Row, Scalar};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AssetField {
    Id,
    Status,
    Created,
    Updated,
    ExternalId,
    ExternalUid,
    ProductId,
    ProductName,
    ConnectionId,
    ConnectionType,
    ProviderId,
    ProviderName,
    VendorId,
    VendorName,
    HubId,
    HubName,
    ContractId,
    MarketplaceId,
    MarketplaceName,
    ParamId,
    ParamValue,
    TemplateId,
    CustomerId,
    CustomerName,
    CustomerExternalId,
    CustomerExternalUid,
    Tier1Id,
    Tier2Id,
}

pub(super) const EQ: Lookup = Lookup::EQ;
pub(super) const EQ_IN: Lookup = Lookup::EQ.and(Lookup::IN);
/// eq, ne, like, ilike, in, out.
pub(super) const TEXT: Lookup = EQ_IN.and(Lookup::NE).and(Lookup::OUT).and(Lookup::LIKE).and(Lookup::ILIKE);
/// The same and null.
pub(super) const NULLABLE: Lookup = TEXT.and(Lookup::NULL);
/// eq, ne, ge, gt, le, lt, in, out.
pub(super) const ORDERED: Lookup =
    EQ_IN.and(Lookup::NE).and(Lookup::OUT).and(Lookup::GE).and(Lookup::GT).and(Lookup::LE).and(Lookup::LT);

const fn text(name: &'static str, field: AssetField, lookups: Lookup) -> Column<AssetField> {
    Column::new(name, field, Kind::Text, lookups)
}

const fn instant(name: &'static str, field: AssetField) -> Column<AssetField> {
    Column::new(name, field, Kind::Instant, Lookup::GT.and(Lookup::LT)).ordered()
}

pub(super) const COLUMNS: &[Column<AssetField>] = &[
    text("id", AssetField::Id, NULLABLE).searched(),
    text("status", AssetField::Status, TEXT).searched().ordered(),
    instant("created", AssetField::Created),
    instant("updated", AssetField::Updated),
    text("external_id", AssetField::ExternalId, NULLABLE).searched(),
    text("external_uid", AssetField::ExternalUid, NULLABLE),
    text("product.id", AssetField::ProductId, NULLABLE).searched(),
    text("product.name", AssetField::ProductName, TEXT).searched().ordered(),
    text("product.title", AssetField::ProductName, TEXT).searched().ordered(),
    text("connection.id", AssetField::ConnectionId, NULLABLE).null_as("CT-0000-0000-0000"),
    text("connection.type", AssetField::ConnectionType, TEXT),
    text("connection.provider.id", AssetField::ProviderId, NULLABLE).searched(),
    text("connection.provider.name", AssetField::ProviderName, TEXT).searched(),
    text("connection.vendor.id", AssetField::VendorId, NULLABLE).searched(),
    text("connection.vendor.name", AssetField::VendorName, TEXT).searched(),
    text("connection.hub.id", AssetField::HubId, NULLABLE).null_as("HB-0000-0000"),
    text("connection.hub.name", AssetField::HubName, TEXT),
    text("hub.id", AssetField::HubId, NULLABLE).null_as("HB-0000-0000"),
    text("hub.name", AssetField::HubName, TEXT),
    text("contract.id", AssetField::ContractId, NULLABLE).null_as("CRD-00000-00000-00000"),
    text("marketplace.id", AssetField::MarketplaceId, NULLABLE).null_as("MP-00000").searched().ordered(),
    text("marketplace.name", AssetField::MarketplaceName, TEXT).searched().ordered(),
    text("params.id", AssetField::ParamId, TEXT),
    text("params.value", AssetField::ParamValue, NULLABLE),
    text("template.id", AssetField::TemplateId, NULLABLE),
    text("tiers.customer.id", AssetField::CustomerId, NULLABLE).searched().ordered(),
    text("tiers.customer.name", AssetField::CustomerName, NULLABLE).searched().ordered(),
    text("tiers.customer.external_id", AssetField::CustomerExternalId, NULLABLE).searched(),
    text("tiers.customer.external_uid", AssetField::CustomerExternalUid, TEXT).searched(),
    text("tiers.tier1.id", AssetField::Tier1Id, NULLABLE),
    text("tiers.tier2.id", AssetField::Tier2Id, NULLABLE),
];

/// Paths of `select(…)` that are no filters.
const SELECTABLE: [&str; 9] = [
    "items",
    "configuration",
    "pending_request",
    "pending_request.template",
    "template",
    "events",
    "external_name",
    "product.capabilities",
    "renewal_expiration_date",
];

/// Whether `select(…)` may name the path: a filter, something above one, or one of the further members.
pub(super) fn selectable(path: &str) -> bool {
    SELECTABLE.contains(&path) || above_a_column(COLUMNS.iter().map(|column| column.name), path)
}

/// Whether a column has this name or stands below it.
pub(super) fn above_a_column(mut names: impl Iterator<Item = &'static str>, path: &str) -> bool {
    names.any(|name| name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

impl Row for Asset {
    type Field = AssetField;

    fn any(&self, field: AssetField, holds: &mut dyn FnMut(Scalar<'_>) -> bool) -> bool {
        let customer = &self.tiers.customer;
        let text = match field {
            AssetField::Id => &*self.id,
            AssetField::Status => self.status.word(),
            AssetField::Created => return holds(Scalar::Integer(self.created_us)),
            AssetField::Updated => return holds(Scalar::Integer(self.updated_us)),
            AssetField::ExternalId => return optional(self.external_id.text().as_deref(), holds),
            AssetField::ExternalUid => &*self.external_uid,
            AssetField::ProductId => self.product.id,
            AssetField::ProductName => self.product.name,
            AssetField::ConnectionId => self.connection.id,
            AssetField::ConnectionType => self.connection.kind,
            AssetField::ProviderId => self.connection.provider.0,
            AssetField::ProviderName => self.connection.provider.1,
            AssetField::VendorId => self.connection.vendor.0,
            AssetField::VendorName => self.connection.vendor.1,
            AssetField::HubId => self.connection.hub.0,
            AssetField::HubName => self.connection.hub.1,
            AssetField::ContractId => &self.contract.id,
            AssetField::MarketplaceId => &self.marketplace.id,
            AssetField::MarketplaceName => &self.marketplace.name,
            AssetField::ParamId => {
                return self.params.iter().any(|param| holds(Scalar::Text(param.definition.id)));
            }
            AssetField::ParamValue => return self.params.iter().any(|param| optional(param.value.as_deref(), holds)),
            AssetField::TemplateId => return optional(self.template.as_ref().map(|template| template.id), holds),
            AssetField::CustomerId => &customer.named.id,
            AssetField::CustomerName => &customer.named.name,
            AssetField::CustomerExternalId => return optional(customer.external_id.text().as_deref(), holds),
            AssetField::CustomerExternalUid => &customer.external_uid,
            AssetField::Tier1Id => return optional(self.tiers.tier1.account().map(|tier| &*tier.named.id), holds),
            AssetField::Tier2Id => return optional(self.tiers.tier2.account().map(|tier| &*tier.named.id), holds),
        };
        holds(Scalar::Text(text))
    }
}

pub(super) fn optional(text: Option<&str>, holds: &mut dyn FnMut(Scalar<'_>) -> bool) -> bool {
    holds(text.map_or(Scalar::Null, Scalar::Text))
}
