public import JSON

// Whoever beats needs these to name the data of a beat; with them `import Heartbeat` is enough.

/// Any JSON value (RFC 8259).
public typealias JSONValue = JSON.JSONValue
/// The members of a JSON object, in order: what `additional_data` is.
public typealias JSONObject = JSON.JSONObject
/// Where a text stops being JSON.
public typealias JSONError = JSON.JSONError
