// simdjson SECONDS FILE: reads a heartbeat file by simdjson (https://simdjson.org) again and again for so long, and prints the
// CPU seconds of one time (the median), by its On Demand and by its DOM interface, and how many numbers it read.
//
// What it makes is what the exporter's own reader makes: flat arrays of the processes (name, time, pid, status) and of
// their numbers, each with the place of its key in a table of keys.
#include <ctime>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

using namespace simdjson;

struct Entry {
  std::string_view name, status;
  double last_heartbeat = 0;
  int64_t pid = 0;
  size_t first_number = 0, end_of_numbers = 0;
};

struct Number {
  uint32_t key;
  double value;
};

struct Snapshot {
  std::vector<Entry> entries;
  std::vector<Number> numbers;
  std::vector<std::string> keys;
  // The key that comes next if this process has the keys of the last one in the same order, as nearly all do.
  size_t expected = 0;

  void clear() {
    entries.clear();
    numbers.clear();
    keys.clear();
  }

  uint32_t place_of(std::string_view key) {
    if (expected < keys.size() && keys[expected] == key) return expected++;
    size_t place = std::find(keys.begin(), keys.end(), key) - keys.begin();
    if (place == keys.size()) keys.emplace_back(key);
    expected = place + 1;
    return place;
  }
};

static void read_on_demand(ondemand::parser &parser, const padded_string &text, Snapshot &snapshot) {
  snapshot.clear();
  ondemand::document document = parser.iterate(text);
  for (auto process : document["processes"].get_object()) {
    Entry entry;
    entry.name = process.unescaped_key();
    entry.first_number = snapshot.numbers.size();
    snapshot.expected = 0;
    for (auto field : process.value().get_object()) {
      std::string_view key = field.unescaped_key();
      if (key == "last_heartbeat") {
        entry.last_heartbeat = field.value().get_double();
      } else if (key == "pid") {
        entry.pid = field.value().get_int64();
      } else if (key == "status") {
        entry.status = field.value().get_string();
      } else if (key == "additional_data") {
        for (auto own : field.value().get_object()) {
          std::string_view key = own.unescaped_key();
          ondemand::value value = own.value();
          if (value.type() == ondemand::json_type::number)
            snapshot.numbers.push_back({snapshot.place_of(key), value.get_double()});
        }
      }
    }
    entry.end_of_numbers = snapshot.numbers.size();
    snapshot.entries.push_back(entry);
  }
}

static void read_dom(dom::parser &parser, const padded_string &text, Snapshot &snapshot) {
  snapshot.clear();
  dom::element document = parser.parse(text);
  for (auto process : document["processes"].get_object()) {
    Entry entry;
    entry.name = process.key;
    entry.first_number = snapshot.numbers.size();
    snapshot.expected = 0;
    for (auto field : process.value.get_object()) {
      if (field.key == "last_heartbeat") {
        entry.last_heartbeat = field.value.get_double();
      } else if (field.key == "pid") {
        entry.pid = field.value.get_int64();
      } else if (field.key == "status") {
        entry.status = field.value.get_string();
      } else if (field.key == "additional_data") {
        for (auto own : field.value.get_object())
          if (own.value.is_number()) snapshot.numbers.push_back({snapshot.place_of(own.key), own.value.get_double()});
      }
    }
    entry.end_of_numbers = snapshot.numbers.size();
    snapshot.entries.push_back(entry);
  }
}

static double cpu_seconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static double median(double seconds, const std::function<void()> &body) {
  body();
  std::vector<double> times;
  double end = cpu_seconds() + seconds;
  do {
    double start = cpu_seconds();
    body();
    times.push_back(cpu_seconds() - start);
  } while (cpu_seconds() < end);
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

int main(int count, char **arguments) {
  if (count != 3) {
    std::fprintf(stderr, "simdjson: expected SECONDS FILE\n");
    return 1;
  }
  double seconds = std::atof(arguments[1]);
  try {
    padded_string text = padded_string::load(arguments[2]);
    Snapshot snapshot;
    ondemand::parser on_demand;
    dom::parser dom;
    double first = median(seconds, [&] { read_on_demand(on_demand, text, snapshot); });
    double second = median(seconds, [&] { read_dom(dom, text, snapshot); });
    std::printf("%.9f %.9f %zu\n", first, second, snapshot.numbers.size());
  } catch (const simdjson_error &error) {
    std::fprintf(stderr, "simdjson: %s: %s\n", arguments[2], error.what());
    return 1;
  }
}
