//! Connec!, the shared data (contract, 1e).

use crate::marketplace::*;
use serde_json::{Value, json};

fn list(maestrano: &Maestrano, query: &str) -> Value {
    maestrano.send("GET", &format!("/api/v2/cld-4/organizations{query}"), &Value::Null).expect(200)
}

fn codes(page: &Value) -> Vec<&str> {
    page["organizations"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

/// The one error of a reply.
#[track_caller]
fn error(reply: &Reply, status: u16) -> Value {
    let mut body = reply.expect(status);
    assert_eq!(body["errors"][0]["status"], status.to_string(), "{body}");
    assert!(reply.head.contains("content-type: application/vnd.api+json"), "{}", reply.head);
    body["errors"][0].take()
}

#[test]
fn the_next_page_is_where_the_last_one_says_until_none_is_left() {
    let maestrano = start();
    let mut page = list(&maestrano, "?%24orderby=code+asc");
    assert_eq!((page["pagination"]["skip"].clone(), page["pagination"]["top"].clone()), (json!(0), json!(100)));
    let mut all: Vec<String> = codes(&page).into_iter().map(ToOwned::to_owned).collect();
    let mut pages = 1;
    while let Some(next) = page["pagination"]["next"].as_str() {
        let path = next.strip_prefix(maestrano.url()).unwrap().to_owned();
        assert!(
            path.contains("%24skip=") && path.contains("%24top=100") && path.contains("%24orderby=code+asc"),
            "{path}"
        );
        page = maestrano.send("GET", &path, &Value::Null).expect(200);
        pages += 1;
        all.extend(codes(&page).into_iter().map(ToOwned::to_owned));
    }
    assert_eq!(
        (all.len(), &*all[0], &*all[249], &page["pagination"]["total"]),
        (250, "ORG-001", "ORG-250", &json!(250))
    );
    assert_eq!((pages, all.is_sorted()), (3, true));
}

#[test]
fn lists_are_filtered_ordered_and_cut() {
    let maestrano = start();
    let page = list(&maestrano, "?$top=3&$skip=1&$orderby=updated_at%20desc");
    assert_eq!(codes(&page), ["ORG-249", "ORG-248", "ORG-247"]);
    let last = page["organizations"][0]["updated_at"].as_str().unwrap();
    let later = list(&maestrano, &format!("?$filter=updated_at%20gt%20%27{last}%27"));
    assert_eq!(codes(&later), ["ORG-250"]);
    let both = list(&maestrano, "?$filter=code%20lt%20%27ORG-020%27%20and%20status%20eq%20%27INACTIVE%27");
    assert_eq!(codes(&both), ["ORG-007", "ORG-014"]);
    assert_eq!(list(&maestrano, "?$filter=nothing%20eq%20%27x%27")["organizations"], json!([]));
    for query in
        ["?$top=0", "?$top=x", "?$skip=-1", "?$filter=updated_at", "?$filter=a%20like%20%27b%27", "?$orderby=a%20up"]
    {
        let reply = maestrano.send("GET", &format!("/api/v2/cld-4/organizations{query}"), &Value::Null);
        assert!(error(&reply, 400)["detail"].as_str().unwrap().starts_with('$'), "{query}");
    }
}

#[test]
fn what_is_made_has_a_location_and_can_be_changed() {
    let maestrano = start();
    let body = json!({"organizations": {"name": "New", "code": "N", "group_id": "cld-9"}});
    let reply = maestrano.send("POST", "/api/v2/cld-4/organizations", &body);
    let made = reply.expect(201)["organizations"].take();
    let path = format!("/api/v2/cld-4/organizations/{}", id(&made));
    assert!(reply.head.contains(&format!("location: {}{path}", maestrano.url())), "{}", reply.head);
    assert_eq!((&made["group_id"], &made["created_at"]), (&json!("cld-4"), &json!("2026-01-01T00:00:00Z")));
    assert_eq!(maestrano.send("GET", &path, &Value::Null).expect(200)["organizations"], made);

    maestrano.advance(1000).unwrap();
    let change = json!({"organizations": {"status": "INACTIVE"}});
    let changed = maestrano.send("PUT", &path, &change).expect(200)["organizations"].take();
    assert_eq!((&changed["name"], &changed["status"]), (&json!("New"), &json!("INACTIVE")));
    assert_eq!((&changed["updated_at"], &changed["created_at"]), (&json!("2026-01-01T00:00:01Z"), &made["created_at"]));
    assert_eq!(list(&maestrano, "")["pagination"]["total"], 251);
    assert_eq!(list(&start(), "")["pagination"]["total"], 250, "another sandbox is another world");
}

#[test]
fn ids_are_lists_where_the_marketplace_says_so() {
    let maestrano = start();
    let people = "/api/v2/cld-4/people";
    let person = maestrano.send("GET", people, &Value::Null).expect(200)["people"][0].take();
    assert!(person["id"].is_string() && person["organization_id"].is_string(), "{person}");
    let listed = maestrano.send_as(1, "GET", people, &Value::Null).expect(200)["people"][0].take();
    let (own, reference) = (&listed["id"][0], &listed["organization_id"][0]);
    assert_eq!((&own["provider"], &own["realm"]), (&json!("connec"), &json!("org-4")));
    assert_eq!((&reference["provider"], &listed["group_id"]), (&json!("connec"), &json!("cld-4")));
    let path = format!("{people}/{}", own["id"].as_str().unwrap());
    assert_eq!(maestrano.send_as(1, "GET", &path, &Value::Null).expect(200)["people"], listed);

    // Ids of other systems are kept beside Connec!'s own.
    let foreign = json!({"realm": "r", "provider": "app", "id": "7"});
    let body = json!({"people": {"first_name": "F", "id": [foreign], "organization_id": listed["organization_id"]}});
    let made = maestrano.send_as(1, "POST", people, &body).expect(201)["people"].take();
    assert_eq!((&made["id"][1], &made["organization_id"]), (&foreign, &listed["organization_id"]));
}

#[test]
fn a_group_has_one_company_and_links() {
    let maestrano = start();
    let path = "/api/v2/cld-4/company";
    assert_eq!(maestrano.send("GET", path, &Value::Null).expect(200)["company"]["name"], "Coco Co.");
    maestrano.send("PUT", path, &json!({"company": {"name": "Coco Ltd."}})).expect(200);
    assert_eq!(maestrano.send("GET", path, &Value::Null).expect(200)["company"]["name"], "Coco Ltd.");
    assert_eq!(maestrano.send("POST", path, &json!({"company": {}})).status, 405);
    let index = maestrano.send("GET", "/api/v2/cld-4", &Value::Null).expect(200);
    assert_eq!(index["_links"]["people"]["href"], format!("{}/api/v2/cld-4/people", maestrano.url()));
}

#[test]
fn a_batch_does_one_after_the_other_with_a_result_for_each() {
    let maestrano = start();
    let ops = json!([
        {"method": "post", "url": "/api/v2/cld-4/items", "params": {"items": {"code": "NEW"}}},
        {"method": "get", "url": format!("{}/api/v2/cld-4/items?$filter=code eq 'NEW'", maestrano.url())},
        {"method": "put", "url": "/api/v2/cld-4/items/nobody", "params": {"items": {}}},
        {"method": "get", "url": "/api/v1/account/groups"},
        {"method": "get", "url": "/api/v2/cld-404/items"},
    ]);
    let reply = maestrano.send("POST", "/batch", &json!({"sequential": true, "ops": ops})).expect(200);
    let results = reply["results"].as_array().unwrap();
    let statuses: Vec<u64> = results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 200, 404, 400, 404]);
    assert_eq!(results[1]["body"]["items"][0]["id"], results[0]["body"]["items"]["id"]);
    assert_eq!(results[2]["body"]["errors"][0]["status"], "404");
    let op = json!({"method": "get", "url": "/api/v2/cld-4"});
    error(&maestrano.send("POST", "/batch", &json!({"ops": vec![op; 51]})), 400);
    error(&maestrano.send("POST", "/batch", &json!([])), 400);
}

#[test]
fn reports_and_the_version_answer() {
    let maestrano = start();
    let report = maestrano.send("GET", "/api/reports/cld-4/balance_sheet", &Value::Null).expect(200);
    assert_eq!(report["report"]["currency"], "USD");
    error(&maestrano.send("GET", "/api/reports/cld-4/weather", &Value::Null), 404);
    assert!(raw::get(&maestrano, "/version", &[]).expect(200)["ci_branch"].is_string());
}

#[test]
fn errors_have_the_vendors_shape() {
    let maestrano = start();
    let path = "/api/v2/cld-4/organizations";
    let unauthorized = error(&raw::get(&maestrano, path, &[]), 401);
    assert_eq!((&unauthorized["href"], &unauthorized["code"]), (&json!(path), &json!("unauthorized")));
    for (status, method, path, body) in [
        (404, "GET", "/api/v2/cld-4/organizations/nobody", Value::Null),
        (404, "PUT", "/api/v2/cld-4/organizations/nobody", json!({"organizations": {}})),
        (404, "GET", "/api/v2/cld-404/organizations", Value::Null),
        (400, "GET", "/api/v2/cld-4/spaceships", Value::Null),
        (400, "POST", path, json!({"people": {}})),
        (409, "POST", path, json!({"organizations": {"id": "mine"}})),
        (409, "POST", path, json!({"organizations": {"id": [{"provider": "connec", "id": "mine"}]}})),
        (405, "DELETE", path, Value::Null),
        (404, "GET", "/api/v2/cld-4/organizations/1/2", Value::Null),
    ] {
        assert!(error(&maestrano.send(method, path, &body), status)["detail"].is_string(), "{method} {path}");
    }
    let auth = maestrano.auth(0);
    error(&raw::send(&maestrano, "POST", path, &[&auth, "content-type: application/vnd.api+json"], "{"), 400);
}
