/// The words of what is no process: articles, places, goods, orders, people, alarms, tasks, rows of measurements.
///
/// They are in two parts, for two questions. Of an object that stands by itself (`BeatSearch`) one key must be enough, so that each of
/// the first part is one that no program says of itself, and it is compared as others write it, in small letters: `monitor_id`,
/// `$schema`. Of an entry of a list or a map (`Records`) the time, and what stands beside it, decide: a program may well have a
/// `message` and a `user`, and only in an entry, and together, do they make a chat. These are compared as the words of a key run
/// together, however it is spelled. A word of the second part in the first would lose programs that say it. `author` is in both: beside a
/// pid it makes no article, but beside a text it still makes a message.
enum ContentWords {
  // MARK: Of an object by itself: one is enough

  /// Keys of which one says that an object is about something else than a program.
  static let alone: Set<String> = [
    // Articles, packages, documents.
    "title", "body", "author", "authors", "html_url", "homepage", "license", "licence", "dependencies", "scripts",
    "content", "html", "isbn", "tags", "slug", "excerpt", "permalink", "maintainers", "keywords", "creator", "creators",
    "$schema", "openapi", "swagger", "panels", "sha", "sha256", "checksum",
    // People.
    "email", "username", "password",
    // Goods and trade.
    "price", "symbol", "currency", "amount",
    // What a monitor looks at, and its alarms.
    "monitor", "monitorid", "monitor_id", "incident", "alert", "severity",
    // Places.
    "lat", "lon", "latitude", "longitude", "coordinates",
  ]
  /// Those that say one thing together: a place has two coordinates, and what a program trades a symbol and a price.
  static let together: [Set<String>] = [
    ["lat", "lon", "latitude", "longitude", "coordinates"], ["symbol", "price", "currency", "amount"],
  ]
  /// Those of whom else it is said that they are running, or online: people, and what a monitor looks at.
  static let watched: Set<String> = [
    "username", "email", "author", "authors", "creator", "creators", "monitor", "monitorid", "monitor_id", "incident",
  ]

  // MARK: Of an entry of a list or a map: what they are together

  static let texts: Set<String> = [
    "description", "text", "message", "msg", "note", "notes", "summary", "details", "comment", "question", "answer",
    "subject",
  ]
  static let people: Set<String> = [
    "user", "from", "sender", "nick", "nickname", "author", "assignee", "userid", "recipient",
  ]
  /// Numbers that somebody has won.
  static let amounts: Set<String> = ["score", "points", "highscore", "kills", "wins"]
  static let goods: Set<String> = ["sku", "stock", "quantity", "qty", "barcode"]
  /// Of a job.
  static let plans: Set<String> = ["schedule", "cron", "enabled"]
  /// Of a time at which a text was written anew.
  static let changes: Set<String> = ["updated", "update", "modified", "changed"]
  /// Of a row that says what was measured, or what happened.
  static let happenings: Set<String> = [
    "event", "eventtype", "value", "reading", "level", "action", "message", "msg", "measurement", "temperature",
    "humidity",
  ]
  /// Of a row that says who did it.
  static let names: Set<String> = [
    "name", "pid", "status", "state", "worker", "agent", "bot", "job", "task", "service", "process", "node", "host",
    "hostname", "instance",
  ]
  /// Status words of tasks that nobody has begun.
  static let toDo: Set<String> = ["todo", "backlog", "wontfix", "inreview"]
}
