/* What C++ has of its own: moves, views, exceptions, results. The meaning of the calls is conformance.cpp's.
 *
 *   behaviour STORE
 */
#include <array>
#include <cstdio>
#include <iostream>

#include "syna_mmap.hpp"

static_assert(!std::is_copy_constructible_v<syna::store> && std::is_nothrow_move_constructible_v<syna::store>);
static_assert(!std::is_copy_assignable_v<syna::results> && std::is_nothrow_move_assignable_v<syna::results>);

#define CHECK(condition) \
  ((condition) ? (void)0 : (std::cerr << __FILE__ << ":" << __LINE__ << ": " #condition "\n", std::exit(1)))

template <class Call>
static syna::status thrown(Call call) {
  try {
    call();
  } catch (const syna::error& why) {
    CHECK(why.what()[0] != '\0');
    return why.status();
  }
  return syna::status::ok;
}

int main(int argc, char** argv) {
  CHECK(argc == 2);
  std::remove(argv[1]);
  syna::options how;
  CHECK(how.struct_size == sizeof(syna_mmap_options) && how.hnsw_m == 16);
  how.with_dimensions(64).with_metric(syna::metric::euclidean);
  syna::store store(argv[1], how);

  /* Anything with data() and size() is a vector. */
  std::array<float, 64> array{1.0f};
  std::vector<float> heap(64, 2.0f);
  const float plain[64] = {3.0f};
  CHECK(store.insert("array", array) && store.insert("heap", heap) && store.insert("plain", plain));
  CHECK(store.get("heap") == heap);

  /* One that is too short is never read past its end. */
  CHECK(thrown([&] { store.insert("short", std::vector<float>(63)); }) == syna::status::dimension_mismatch);
  CHECK(thrown([&] { store.search(std::vector<float>(65), 1); }) == syna::status::dimension_mismatch);
  CHECK(thrown([&] { store.get("heap", syna::span<float>(heap.data(), 63)); }) == syna::status::dimension_mismatch);
  const std::array<std::string_view, 2> keys{"one", "two"};
  syna::batch rows;
  rows.keys = keys;
  rows.vectors = heap;
  CHECK(thrown([&] { store.insert_batch(rows); }) == syna::status::dimension_mismatch);
  std::vector<float> both(128, 0.5f);
  const std::array<std::uint64_t, 1> too_few{1};
  rows.vectors = both;
  rows.tags = too_few;
  CHECK(thrown([&] { store.insert_batch(rows); }) == syna::status::invalid_argument);
  CHECK(thrown([&] { syna::store(std::string("a\0b", 3), how); }) == syna::status::invalid_argument);

  /* Results are a range, and are moved without their hits being lost. */
  syna::results results;
  store.search(array, 2, results);
  syna::results moved = std::move(results);
  CHECK(results.empty() && moved.size() == 2 && moved[0].key == "array");
  std::size_t count = 0;
  for (const syna::hit hit : moved) count += hit.vector.size();
  CHECK(count == 128);
  CHECK(thrown([&] { store.search(array, 1, results); }) == syna::status::invalid_handle);

  /* A failed search leaves none, also where the binding refused it. */
  CHECK(!store.try_search(std::vector<float>(1), 1, moved) && moved.empty());

  /* An exception leaves verify by the way it came in. */
  CHECK(store.verify() == 0);
  store.build_index();
  for (int i = 0; i < 3000; i++) store.insert(std::to_string(i), (heap[0] = static_cast<float>(i), heap));
  store.build_index();
  bool is_caught = false;
  try {
    store.verify([](const syna::progress&) -> bool { throw std::runtime_error("mine"); });
  } catch (const std::runtime_error& mine) {
    is_caught = std::string(mine.what()) == "mine";
  }
  CHECK(is_caught);
  CHECK(store.try_verify([](const syna::progress&) { return false; }).status() == syna::status::cancelled);

  /* So it leaves a condition, in a batch of several threads too; and a condition can be asked again. */
  bool has_thrown = false;
  syna::condition moody([&](const syna::row& row) {
    if (row.number > 2000 && !has_thrown) throw std::runtime_error("mine");
    return row.key == "7";
  });
  const auto asking = syna::search_options().with_condition(moody);
  try {
    store.search(heap, 1, asking);
    CHECK(false);
  } catch (const std::runtime_error& mine) {
    has_thrown = std::string(mine.what()) == "mine";
  }
  CHECK(has_thrown && store.search(heap, 9, asking).size() == 1);

  /* Rows outlive their store as long as their cursor. */
  auto walk = syna::store::in_memory(how).rows();
  syna::row none;
  CHECK(!walk.next(none));
  std::uint64_t walked = 0;
  for (const syna::row& row : store.rows(3)) walked += row.vector.size() / 64;
  CHECK(walked == store.size() - 3);

  /* Numbers as keys, as they are in memory; deletions, updates and a label. */
  how.with_key_kind(syna::key_kind::bytes).with_label("model-1");
  syna::store numbered = syna::store::in_memory(how);
  const std::uint64_t first = UINT64_MAX;
  const std::string_view number(reinterpret_cast<const char*>(&first), sizeof first);
  CHECK(numbered.insert(number, array) && numbered.insert("b", array) && numbered.search(array, 1)[0].key == number);
  const std::array<std::string_view, 2> gone{"b", "none"};
  syna::batch mixed;
  mixed.deletions = gone;
  const syna::written counts = numbered.write(mixed);
  CHECK(counts.rows == 0 && counts.deleted == 1 && numbered.erase_batch(gone) == 0);
  numbered.set_tags(number, 5);
  const std::array<std::uint8_t, 2> payload{1, 2};
  numbered.set_payload(number, payload);
  CHECK(numbered.tags(number) == 5 && numbered.payload(number).size() == 2);
  CHECK(thrown([&] { numbered.set_tags("b", 5); }) == syna::status::not_found);
  CHECK(thrown([&] { numbered.update({gone, {}, {}}); }) == syna::status::invalid_argument);
  CHECK(thrown([&] { numbered.update({gone, too_few, {}}); }) == syna::status::invalid_argument);
  syna::condition failing([](const syna::row&) -> bool { throw std::runtime_error("mine"); });
  is_caught = false;
  try {
    numbered.erase_where(syna::search_options().with_condition(failing));
  } catch (const std::runtime_error&) {
    is_caught = true;
  }
  CHECK(is_caught && numbered.size() == 1 && numbered.erase_where({}) == 1);
  CHECK(numbered.user_block().label == "model-1");
  CHECK(thrown([&] { numbered.set_user_block({0, 0, std::string(65, 'm')}); }) == syna::status::invalid_argument);
  CHECK(thrown([&] { numbered.set_user_block({0, 0, std::string("a\0b", 3)}); }) == syna::status::invalid_argument);
  how.with_key_kind(syna::key_kind::text).with_label(nullptr);

  /* 16-bit floats: rounded, copied out as floats, and stored as they are. */
  how.with_element(syna::element::f16);
  syna::store halves = syna::store::in_memory(how);
  CHECK(halves.element() == syna::element::f16 && halves.vector_bytes() == 128);
  CHECK(halves.key_kind() == syna::key_kind::text);
  std::vector<float> ties(64);
  ties[0] = 1.00048828125f, ties[63] = -2.0f;
  halves.insert("ties", ties);
  syna::results found = halves.search(ties, 1);
  CHECK(found[0].vector.empty() && found.vector(0)[0] == 1.0f && found.vector(0)[63] == -2.0f);
  CHECK(found.stored(0).size() == 128 && found.stored(0)[1] == 0x3C && found.stored(0)[127] == 0xC0);
  CHECK(found.vector(1).empty() && found.stored(1).empty() && !found.copy_vector(1, ties));
  CHECK(syna::decoded(syna::element::f16, 64, found.stored(0)) == found.vector(0));
  CHECK(found.copy_vector(0, ties) && ties[0] == 1.0f && !found.copy_vector(0, syna::span<float>(ties.data(), 63)));
  CHECK(halves.view("ties").vector.empty() && halves.view("ties").stored.size() == 128);
  CHECK(halves.row_at(0).vector.empty() && halves.row_at(0).stored.data() == halves.view("ties").stored.data());
  syna::condition by_bytes([](const syna::row& row) { return row.vector.empty() && row.stored[1] == 0x3C; });
  CHECK(halves.count_where(syna::search_options().with_condition(by_bytes)) == 1);
  const std::array<std::string_view, 2> copied{"one", "two"};
  std::vector<std::uint8_t> bytes(257);
  bytes[2] = 0x3C, bytes[130] = 0x40;
  syna::batch own;
  own.keys = copied;
  own.stored = syna::span<const std::uint8_t>(bytes.data() + 1, 256);
  own.stored_element = syna::element::f16;
  CHECK(halves.insert_batch(own) == 2 && halves.get("one")[0] == 1.0f && halves.get("two")[0] == 2.0f);
  own.stored_element = syna::element::i8;
  CHECK(thrown([&] { halves.insert_batch(own); }) == syna::status::element_mismatch);
  own.stored_element = syna::element::f16;
  own.stored = syna::span<const std::uint8_t>(bytes.data() + 1, 255);
  CHECK(thrown([&] { halves.insert_batch(own); }) == syna::status::dimension_mismatch);
  own.vectors = ties;
  CHECK(thrown([&] { halves.insert_batch(own); }) == syna::status::invalid_argument);
  CHECK(halves.size() == 3);
  how.with_element(syna::element::f32);

  /* A store that was moved from is closed; the other one is not. */
  syna::store other = std::move(store);
  CHECK(store.size() == 0 && other.size() == 3003);
  CHECK(thrown([&] { store.checkpoint(); }) == syna::status::invalid_handle);
  CHECK(syna::store::try_open(argv[1], how).status() == syna::status::locked);
  other.close();
  other.close();
  syna::result<syna::store> again = syna::store::try_open(argv[1]);
  CHECK(!again && again.failure().message.find("64") != std::string::npos);
  CHECK(thrown([&] { again.value(); }) == syna::status::dimension_mismatch);

  /* The end of its scope closes a store. */
  { syna::store scoped(argv[1], how); }
  CHECK(syna::store(argv[1], how).size() == 3003);
}
