/* Columns: values of rows in C++'s types.
 *
 *   columns STORE
 */
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>

#include "syna_mmap.hpp"

#define CHECK(condition) \
  ((condition) ? (void)0 : (std::cerr << __FILE__ << ":" << __LINE__ << ": " #condition "\n", std::exit(1)))

template <class Call>
static syna::failure failed(Call call) {
  try {
    call();
  } catch (const syna::error& why) {
    return {why.status(), 0, why.what()};
  }
  return {syna::status::ok, 0, ""};
}

static const std::vector<syna::column> columns{
    {"year", syna::column_kind::i64}, {"tenant", syna::column_kind::u64}, {"price", syna::column_kind::f64}};
static const std::array<std::string_view, 4> keys{"a", "b", "c", "d"};
static const std::array<std::int64_t, 4> years{INT64_MIN, 1999, 2020, 2024};
static const std::array<std::uint64_t, 4> tenants{UINT64_MAX, 0, 3, 0};
static const std::vector<double> prices{0.5, 1.0, -2.5, 1e300};

static bool is_row(std::string_view key, const syna::row_values& values) {
  const std::size_t i = static_cast<std::size_t>(key[0] - 'a');
  return values.size() == 3 && values[0].i64 == years[i] && values[1].u64 == tenants[i] && values[2].f64 == prices[i];
}

static void check(const syna::store& store, const std::vector<float>& query) {
  const auto found = store.columns();
  CHECK(found.size() == 3 && found[1].name == "tenant" && found[1].kind == syna::column_kind::u64);
  CHECK(store.column_index("price") == 2u && !store.column_index("colour"));
  std::size_t count = 0;
  for (const syna::row& row : store.rows()) count += is_row(row.key, row.values);
  CHECK(count == 4);
  for (const std::string_view key : keys) {
    const std::size_t i = static_cast<std::size_t>(key[0] - 'a');
    CHECK(store.get_value(key, "year").i64 == years[i] && store.get_value(key, "tenant").u64 == tenants[i]);
    CHECK(store.get_value(key, "price").f64 == prices[i]);
    const syna::row view = store.view(key), at = store.row_at(view.number);
    CHECK(is_row(key, view.values) && is_row(at.key, at.values) && at.key == key);
  }
  syna::results results = store.search(query, 9);
  CHECK(results.size() == 4);
  for (std::size_t i = 0; i < results.size(); i++) {
    const syna::value of_hit[] = {results.value(i, 0), results.value(i, 1), results.value(i, 2)};
    CHECK(is_row(results[i].key, syna::row_values(of_hit, 3)));
  }
  CHECK(results.value(4, 0).u64 == 0 && results.value(0, 3).u64 == 0);
  syna::condition recent([](const syna::row& row) { return row.values[0].i64 >= 2020; });
  CHECK(store.count_where(syna::search_options().with_condition(recent)) == 2);
}

int main(int argc, char** argv) {
  CHECK(argc == 2);
  std::remove(argv[1]);
  syna::options how;
  {
    /* A copy of options has the columns still when the others are gone. */
    syna::options first;
    first.with_dimensions(64).with_metric(syna::metric::euclidean).with_columns(columns);
    how = first;
    first.with_columns({{"other", syna::column_kind::f64}});
  }
  std::vector<float> vectors(4 * 64), query(64);
  for (std::size_t i = 0; i < vectors.size(); i++) vectors[i] = static_cast<float>(i % 67);
  {
    syna::store store(argv[1], how);
    /* A column that is left out is 0. */
    syna::batch rows;
    rows.keys = keys;
    rows.vectors = vectors;
    rows.columns = {{"price", prices}, {"year", years}};
    CHECK(store.insert_batch(rows) == 4 && store.get_value("a", "tenant").u64 == 0);
    const std::array<std::string_view, 3> some{"a", "nothing", "c"};
    const std::uint64_t changed[] = {UINT64_MAX, 7, 3};
    CHECK(store.update({some, {}, {}, {{"tenant", changed}}}) == 2);
    check(store, query);
    store.compact();
    check(store, query);

    /* What is wrong is refused, and nothing is written. */
    const std::vector<double> with_nan{0, std::nan(""), 1, 2};
    const std::vector<std::int64_t> few(3);
    for (const syna::column_values& wrong :
         {syna::column_values("colour", years), syna::column_values("year", few), syna::column_values("year", tenants),
          syna::column_values("year", prices), syna::column_values("price", with_nan)}) {
      rows.columns = {wrong};
      const syna::failure write = failed([&] { store.upsert_batch(rows); });
      const syna::failure update = failed([&] { store.update({keys, {}, {}, {wrong}}); });
      CHECK(write.status == syna::status::invalid_argument && update.status == syna::status::invalid_argument);
      CHECK(write.message.find(wrong.name()) != std::string::npos);
    }
    rows.columns = {{"year", years}, {"year", years}};
    CHECK(failed([&] { store.upsert_batch(rows); }).status == syna::status::invalid_argument);
    check(store, query);
    CHECK(failed([&] { store.get_value("a", "colour"); }).status == syna::status::invalid_argument);
    CHECK(failed([&] { store.get_value("nothing", "year"); }).status == syna::status::not_found);
  }
  /* The columns come from the file. */
  syna::options other = how;
  other.with_columns({columns[0]});
  CHECK(syna::store::try_open(argv[1], other).status() == syna::status::columns_mismatch);
  other.with_columns({});
  check(syna::store(argv[1], other), query);
  check(syna::store(argv[1], how), query);

  /* Names. */
  for (const std::string& name : {std::string(), std::string("a\0b", 3), std::string(33, 'n'), std::string(99, 'n')}) {
    other.with_columns({{name, syna::column_kind::i64}});
    CHECK(syna::store::try_in_memory(other).status() == syna::status::invalid_argument);
  }
  other.with_columns({{std::string(32, 'n'), syna::column_kind::i64}});
  CHECK(syna::store::in_memory(other).columns()[0].name.size() == 32);
  other.with_columns({});
  syna::store without = syna::store::in_memory(other);
  without.insert("a", query);
  CHECK(without.columns().empty() && without.view("a").values.empty() && without.row_at(0).values.empty());
  CHECK(failed([&] { without.get_value("a", "year"); }).status == syna::status::invalid_argument);

  CHECK(syna::hash64("") == 0xcbf29ce484222325u && syna::hash64("a") == 0xaf63dc4c8601ec8cu);
  syna::store moved = std::move(without);
  CHECK(failed([&] { without.columns(); }).status == syna::status::invalid_handle);
  CHECK(failed([&] { without.get_value("a", "year"); }).status == syna::status::invalid_handle);
}
