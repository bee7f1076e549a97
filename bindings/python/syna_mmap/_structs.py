"""The C structs and callbacks, as include/syna_mmap.h declares them."""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    Union,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)


class CError(Structure):
    """syna_mmap_error"""

    _fields_ = [
        ("struct_size", c_size_t),
        ("status", c_int32),
        ("os_errno", c_int32),
        ("message", c_char * 256),
    ]


class CColumn(Structure):
    """syna_mmap_column"""

    _fields_ = [
        ("name", c_char * 36),
        ("kind", c_uint32),
    ]


class CValue(Union):
    """syna_mmap_value"""

    _fields_ = [
        ("i64", c_int64),
        ("u64", c_uint64),
        ("f64", c_double),
    ]


class CColumnValues(Structure):
    """syna_mmap_column_values"""

    _fields_ = [
        ("column", c_uint32),
        ("kind", c_uint32),
        ("values", c_void_p),
    ]


class COptions(Structure):
    """syna_mmap_options"""

    _fields_ = [
        ("struct_size", c_size_t),
        ("dimensions", c_uint32),
        ("metric", c_uint32),
        ("initial_capacity", c_uint64),
        ("index_threshold", c_uint64),
        ("checkpoint_interval_secs", c_uint32),
        ("flags", c_uint32),
        ("durability", c_uint32),
        ("threads", c_uint32),
        ("hnsw_m", c_uint32),
        ("hnsw_ef_construction", c_uint32),
        ("hnsw_ef_search", c_uint32),
        ("hnsw_m_max", c_uint32),
        ("seed", c_uint64),
        ("most_unindexed_rows", c_uint64),
        ("index_profile", c_uint32),
        ("index_worker", c_uint32),
        ("fixed_ef", c_uint32),
        ("key_kind", c_uint32),
        ("element", c_uint32),
        ("application_id", c_uint32),
        ("user_version", c_uint32),
        ("reserved", c_uint32),
        ("label", c_char_p),
        ("expected_label", c_char_p),
        ("columns", c_void_p),
        ("column_count", c_size_t),
    ]


class CUserBlock(Structure):
    """syna_mmap_user_block"""

    _fields_ = [
        ("struct_size", c_size_t),
        ("application_id", c_uint32),
        ("user_version", c_uint32),
        ("label", c_char * 72),
    ]


class CBatch(Structure):
    """syna_mmap_batch"""

    _fields_ = [
        ("struct_size", c_size_t),
        ("keys", c_char_p),
        ("key_offsets", c_void_p),
        ("vectors", c_void_p),
        ("count", c_size_t),
        ("tags", c_void_p),
        ("payloads", c_char_p),
        ("payload_offsets", c_void_p),
        ("mode", c_uint32),
        ("reserved", c_uint32),
        ("delete_keys", c_char_p),
        ("delete_key_offsets", c_void_p),
        ("delete_count", c_size_t),
        ("out_deleted", c_void_p),
        ("vectors_element", c_uint32),
        ("reserved_2", c_uint32),
        ("columns", c_void_p),
        ("column_count", c_size_t),
    ]


class CRow(Structure):
    """syna_mmap_row"""

    _fields_ = [
        ("key", c_void_p),
        ("key_len", c_size_t),
        ("vector", c_void_p),
        ("stored", c_void_p),
        ("stored_bytes", c_size_t),
        ("payload", c_void_p),
        ("payload_len", c_size_t),
        ("tags", c_uint64),
        ("row", c_uint64),
        ("values", c_void_p),
    ]


FilterCallback = CFUNCTYPE(c_bool, c_void_p, POINTER(CRow))


class CSearchOptions(Structure):
    """syna_mmap_search_options"""

    _fields_ = [
        ("struct_size", c_size_t),
        ("ef", c_uint32),
        ("exact", c_uint32),
        ("deadline_us", c_uint64),
        ("max_visits", c_uint64),
        ("tags_any", c_uint64),
        ("tags_all", c_uint64),
        ("tags_none", c_uint64),
        ("key_prefix", c_char_p),
        ("key_prefix_len", c_size_t),
        ("row_bitmap", c_void_p),
        ("row_bitmap_words", c_size_t),
        ("filter", FilterCallback),
        ("filter_context", c_void_p),
        ("approximate", c_uint32),
        ("has_max_distance", c_uint32),
        ("max_distance", c_float),
        ("after_distance", c_float),
        ("after_row", c_uint64),
        ("has_after", c_uint32),
        ("reserved", c_uint32),
    ]


class CStats(Structure):
    """syna_mmap_stats"""

    _fields_ = [
        ("struct_size", c_size_t),
        ("rows", c_uint64),
        ("live_rows", c_uint64),
        ("deleted_rows", c_uint64),
        ("file_bytes", c_uint64),
        ("vector_bytes", c_uint64),
        ("log_bytes", c_uint64),
        ("slack_bytes", c_uint64),
        ("index_bytes", c_uint64),
        ("replaced_bytes", c_uint64),
        ("indexed_rows", c_uint64),
        ("generation", c_uint64),
        ("last_seq", c_uint64),
        ("durable_seq", c_uint64),
        ("has_index", c_uint32),
        ("default_ef", c_uint32),
        ("index_recall", c_double),
        ("secs_since_checkpoint", c_double),
    ]


class CHit(Structure):
    """syna_mmap_hit"""

    _fields_ = [
        ("key", c_void_p),
        ("key_len", c_size_t),
        ("distance", c_float),
        ("reserved", c_uint32),
        ("vector", c_void_p),
        ("row", c_uint64),
    ]


class CFinding(Structure):
    """syna_mmap_finding"""

    _fields_ = [
        ("key", c_void_p),
        ("key_len", c_size_t),
        ("row", c_uint64),
        ("problem", c_uint32),
        ("reserved", c_uint32),
        ("message", c_char_p),
    ]


ProgressCallback = CFUNCTYPE(c_bool, c_void_p, c_uint64, c_uint64)
LogCallback = CFUNCTYPE(None, c_void_p, c_uint32, c_char_p, c_size_t)
VerifyCallback = CFUNCTYPE(c_bool, c_void_p, POINTER(CFinding), c_uint64, c_uint64)
