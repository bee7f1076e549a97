# Which versions `find_package(SynaMmap 0.1)` takes: until 1.0 the same minor version, later the same major one.
set(PACKAGE_VERSION 0.1.0)

set(PACKAGE_VERSION_COMPATIBLE FALSE)
if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
  set(PACKAGE_VERSION_EXACT TRUE)
endif()
if(NOT PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)
  string(REGEX MATCH "^(0\\.[0-9]+|[1-9][0-9]*)" have "${PACKAGE_VERSION}")
  string(REGEX MATCH "^(0\\.[0-9]+|[1-9][0-9]*)" want "${PACKAGE_FIND_VERSION}")
  if(have STREQUAL want OR PACKAGE_FIND_VERSION STREQUAL "0")
    set(PACKAGE_VERSION_COMPATIBLE TRUE)
  endif()
endif()
