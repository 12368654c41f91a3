//! Requests as Connect shows them: in the shape of 2020, and in that of today.

use serde_json::{Value, json};

/// In the shape of the page of 2020: tiers and marketplace inside the customer, `account_name`, `value_choices: ""`.
pub fn request_2020() -> Value {
    let phone = json!({"country_code": "+90", "area_code": "546", "phone_number": "6317546", "extension": ""});
    let contact_info = json!({
        "address_line1": "Yalı Mahallesi", "address_line2": "", "city": "Erdek", "state": "string",
        "postal_code": "10500", "country": "tr",
        "contact": {
            "first_name": "Quickstart", "last_name": "Long Running", "email": "qlro@example.com", "phone_number": phone,
        },
    });
    let account = |id: &str| {
        json!({
            "id": id, "external_id": "12435 #OSA Account Id", "account_name": "string", "contact_info": contact_info,
        })
    };
    let mut customer = account("CS-9861-7949-8492");
    customer["tier1"] = account("RS-9861-7949-8492");
    customer["tier2"] = account("RS-9861-7949-8493");
    customer["marketplace"] = account("MP-9861-7949-8492");
    json!({
        "id": "PR-9861-7949-8492", "type": "purchase", "created": "2018-06-04T13:19:10.102670+00:00",
        "updated": "2018-06-04T13:19:10.102670+00:00", "status": "pending",
        "asset": {
            "id": "AS-9861-7949-8492", "external_id": "12435 #OSA Subscription Id",
            "product": {"id": "CN-9861-7949-8492", "name": "Fallball Awesome"},
            "connection": {
                "id": "CT-9861-7949-8492", "type": "production",
                "provider": {"name": "Distributor", "id": "PA-9861-7949-849"},
                "vendor": {"name": "Large Largo and Co", "id": "VA-9861-7949-849"},
            },
            "items": [
                {"global_id": "PR-9861-7949-8492-001", "id": "SKU-9861-7949-8492-0001", "mpn": "TEAM-ST3L2TAC1M",
                 "quantity": "3", "old_quantity": ""},
                {"global_id": "PR-9861-7949-8492-002", "id": "SKU-9861-7949-8492-0002", "mpn": "USR-FFFAC1M",
                 "quantity": "1", "old_quantity": ""},
            ],
            "params": [{
                "id": "PM-9861-7949-8492-0001", "name": "Secondary email", "description": "A backup email",
                "value": "daniel.lark@example.com", "value_error": "This address is already used.", "value_choices": "",
            }],
            "tiers": {"customer": customer},
        },
    })
}

/// In the shape of the specification v37, with the oddities that its servers are known for.
pub fn request_v37(id: &str, status: &str) -> Value {
    let constraints = json!({
        "required": true, "hidden": false, "readonly": null, "unique": false, "reconciliation": null, "shared": "none",
    });
    let param = |id: &str, kind: &str, value: Value, structured: Value, choices: Value| {
        json!({
            "id": id, "name": id, "title": id, "description": "", "type": kind, "scope": "asset", "phase": "ordering",
            "value": value, "structured_value": structured, "value_error": "", "structured_error": null,
            "value_choices": choices, "constraints": constraints, "events": {"updated": {"at": null}},
        })
    };
    let account = |id: &str, external_id: Value| {
        json!({
            "id": id, "version": 2, "external_uid": "cf1a9c1f-88b4-4a92", "name": "Coco Co.", "scopes": ["customer"],
            "external_id": external_id, "tax_id": null, "type": "customer", "parent": {"id": "TA-2"}, "hub": {},
            "contact_info": {"address_line1": "Calle 1", "address_line2": null, "city": "Madrid", "state": null,
                             "postal_code": "28001", "country": "es", "contact": {"email": "a@example.com"}},
        })
    };
    json!({
        "id": id, "type": "purchase", "status": status, "created": "2025-05-30T10:00:00+00:00",
        "updated": "2025-05-30T10:00:00.000001+02:00", "note": "", "reason": null, "answered": false,
        "assignee": {"id": "UR-000-000-001", "name": "Ann", "email": "ann@example.com"}, "activation_key": "",
        "template": {"id": "TL-1", "name": "Ready", "message": null}, "effective_date": null, "planned_date": null,
        "previous_approved_request": null, "external_attributes": {"anything": [1, {"deep": 1.5}]},
        "asset": {
            "id": "AS-0000-0000-0001", "status": "processing", "external_id": 9_876_543_210_u64, "external_uid": null,
            "external_name": "x", "product": {"id": "PRD-1", "name": "Coco Drive", "icon": "/i.png", "status": "published"},
            "connection": {"id": "CT-0000-0000-0001", "type": "test", "provider": {"id": "PA-1", "name": "P"},
                           "vendor": {"id": "VA-1", "name": "V"}, "hub": {"id": "HB-1", "name": "H"}},
            "contract": {"id": "CRD-1"}, "marketplace": {"id": "MP-1", "name": "M"},
            "items": [
                {"id": "SKU-1", "global_id": "PRD-1-0001", "mpn": "SEAT", "display_name": "Seat", "quantity": "3",
                 "old_quantity": "0", "type": "Users", "item_type": "Reservation", "period": "Monthly", "params": []},
                {"id": "SKU-2", "quantity": "-1", "old_quantity": "unlimited", "item_type": "PPU", "renewal": null},
                {"id": "SKU-3", "quantity": 1.5, "old_quantity": ""},
            ],
            "params": [
                param("email", "email", json!("a@example.com"), Value::Null, json!([])),
                param("plan", "dropdown", json!("s"), Value::Null, json!([{"value": "s", "label": "Small"}])),
                param("region", "choice", json!(""), Value::Null, json!(["eu", "us"])),
                param("features", "checkbox", Value::Null, json!({"sso": true, "audit": false}), json!("")),
                param("office", "address", Value::Null, json!({"city": "Erdek", "state": null}), json!([])),
                param("migration_info", "object", json!("{\"a\": 1}"), json!([1, "2", null]), json!([])),
            ],
            "tiers": {"customer": account("TA-0000-0000-0001", json!(12)), "tier1": account("TA-2", json!("x")), "tier2": {}},
            "configuration": {"params": []}, "events": {"created": {"at": "2025-05-30T10:00:00+00:00"}},
            "billing": {"period": {"delta": 1, "uom": "monthly"}, "next_date": null}, "renewal_expiration_date": null,
        },
        "contract": {"id": "CRD-1", "name": "C"}, "marketplace": {"id": "MP-1", "name": "M", "icon": null},
        "events": {"created": {"at": "2025-05-30T10:00:00+00:00", "by": {"id": "UR-1"}}}, "sli": {"days": 3, "zone": 2},
    })
}

/// As `GET /assets/{id}` shows an asset.
pub fn asset() -> Value {
    let mut asset = request_v37("PR-1", "approved")["asset"].clone();
    asset["pending_request"] = Value::Null;
    asset["template"] = json!({"id": "TL-1", "name": "Ready"});
    asset
}
