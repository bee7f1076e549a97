# find_package(SynaMmap) gives two targets, for C and C++ (the C++ headers are beside the C one):
#
#   SynaMmap::shared   the shared library
#   SynaMmap::static   the static one, with the system's libraries that it needs
#
# This file lies in <prefix>/share/cmake/SynaMmap and looks from there, so the prefix can be moved, and it does not care
# which of cmake --install and cargo cinstall put it there.
get_filename_component(_syna_mmap_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

set(_syna_mmap_folders include lib lib64 lib/${CMAKE_LIBRARY_ARCHITECTURE})
macro(_syna_mmap_find variable)
  unset(${variable} CACHE)
  find_file(${variable} NAMES ${ARGN} PATHS "${_syna_mmap_prefix}" PATH_SUFFIXES ${_syna_mmap_folders}
            NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
  if(NOT ${variable})
    set(SynaMmap_FOUND FALSE)
    set(SynaMmap_NOT_FOUND_MESSAGE "${ARGN} is not below ${_syna_mmap_prefix}; install syna-mmap again")
    return()
  endif()
  mark_as_advanced(${variable})
endmacro()

_syna_mmap_find(SYNA_MMAP_HEADER syna_mmap.h)
_syna_mmap_find(SYNA_MMAP_SHARED_LIBRARY libsyna_mmap.so libsyna_mmap.dylib)
_syna_mmap_find(SYNA_MMAP_STATIC_LIBRARY libsyna_mmap.a)
get_filename_component(SYNA_MMAP_INCLUDE_DIR "${SYNA_MMAP_HEADER}" DIRECTORY)

if(NOT TARGET SynaMmap::shared)
  # With its own name and not that of the link, so that programs ask for the soname.
  get_filename_component(_syna_mmap_real "${SYNA_MMAP_SHARED_LIBRARY}" REALPATH)
  add_library(SynaMmap::shared SHARED IMPORTED)
  set_target_properties(SynaMmap::shared PROPERTIES
    IMPORTED_LOCATION "${_syna_mmap_real}"
    INTERFACE_INCLUDE_DIRECTORIES "${SYNA_MMAP_INCLUDE_DIR}")
endif()

if(NOT TARGET SynaMmap::static)
  # What `rustc --print native-static-libs` says.
  set(_syna_mmap_system -lpthread -lm -ldl)
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    list(APPEND _syna_mmap_system -lgcc_s -lutil -lrt)
  endif()
  add_library(SynaMmap::static STATIC IMPORTED)
  set_target_properties(SynaMmap::static PROPERTIES
    IMPORTED_LOCATION "${SYNA_MMAP_STATIC_LIBRARY}"
    INTERFACE_LINK_LIBRARIES "${_syna_mmap_system}"
    INTERFACE_INCLUDE_DIRECTORIES "${SYNA_MMAP_INCLUDE_DIR}")
endif()

set(SynaMmap_FOUND TRUE)
