/*
 * syna-mmap in C++17: header-only classes over syna_mmap.h, whose comments hold here too.
 *
 *   syna::options options;
 *   options.dimensions = 384;
 *   syna::store store("notes.syna", options);       // throws syna::error
 *   store.insert("first", vector);                       // anything with data() and size() of floats
 *   syna::results results;                          // reused: a search allocates nothing once warm
 *   store.search(query, 10, results);
 *   for (const syna::hit hit : results) use(hit.key, hit.distance, hit.vector);
 *
 * Each call that can fail comes twice: `insert` throws, `try_insert` returns a syna::result, which holds
 * the value or the failure. Compiled with -fno-exceptions, only the try_ functions are there.
 */
#ifndef SYNA_MMAP_HPP
#define SYNA_MMAP_HPP

#include "syna_mmap/columns.hpp"
#include "syna_mmap/error.hpp"
#include "syna_mmap/log.hpp"
#include "syna_mmap/options.hpp"
#include "syna_mmap/results.hpp"
#include "syna_mmap/rows.hpp"
#include "syna_mmap/span.hpp"
#include "syna_mmap/store.hpp"

#endif
