# Writes OUTPUT, a C++ source with the text of each file in NAMES, from FOLDER. Run at build time:
#   cmake -DOUTPUT=... -DFOLDER=... "-DNAMES=a b c" -P embed_runbooks.cmake
separate_arguments(NAMES)
set(source "#include \"exporters/runbooks/runbooks_embedded.h\"\n\nnamespace highwater {\nnamespace {\n\n")
string(APPEND source "constexpr EmbeddedRunbook kRunbooks[] = {\n")
foreach(name IN LISTS NAMES)
  file(READ "${FOLDER}/${name}.md" text)
  # A bracket or semicolon means something to CMake's lists only, and this is none.
  string(APPEND source "{\"${name}\", R\"runbook(" "${text}" ")runbook\"},\n")
endforeach()
string(APPEND source "};\n\n}  // namespace\n\n")
string(APPEND source "std::span<const EmbeddedRunbook> embedded_runbooks() {\n  return kRunbooks;\n}\n\n")
string(APPEND source "}  // namespace highwater\n")
file(WRITE "${OUTPUT}" "${source}")
