//! Ids of users, of their own and within a group.

/// The id of a user within a group: `usr-1` in `cld-1` is `usr-1.cld-1`. One that is masked already is masked anew.
pub fn mask_user(user_id: &str, group_id: &str) -> String {
    format!("{}.{group_id}", unmask_user(user_id))
}

/// The user's own id: what stands before the first dot of `usr-1.cld-1`, or of a virtual email address.
pub fn unmask_user(user_id: &str) -> &str {
    user_id.split('.').next().unwrap_or(user_id)
}
