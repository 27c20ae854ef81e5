# Writes OUTPUT from INPUT with the commit that SOURCE stands at. Run at every build; the file changes only when the
# commit does, so that nothing else is compiled again. HIGHWATER_COMMIT and HIGHWATER_COMMIT_DATE may be given, for
# builds where git or its folder is not there: in a container, from an archive.
function(ask_git variable)
  execute_process(COMMAND git -C ${SOURCE} ${ARGN}
                  OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed OR text STREQUAL "")
    set(text unknown)
  endif()
  set(${variable} ${text} PARENT_SCOPE)
endfunction()

# An archive inside of another project's repository must not take that one's commit.
if(NOT HIGHWATER_COMMIT)
  if(EXISTS ${SOURCE}/.git)
    ask_git(HIGHWATER_COMMIT describe --always --abbrev=12 --exclude=* --dirty=-modified)
    ask_git(HIGHWATER_COMMIT_DATE show -s --format=%cs HEAD)
  else()
    set(HIGHWATER_COMMIT unknown)
  endif()
endif()
if(NOT HIGHWATER_COMMIT_DATE)
  set(HIGHWATER_COMMIT_DATE unknown)
endif()
configure_file(${INPUT} ${OUTPUT} @ONLY)
