# Writes OUTPUT, a C++ source that holds the text of INPUT. Run at build time, so that a change of the text is a rebuild.
file(READ "${INPUT}" text)
file(WRITE "${OUTPUT}" "#include \"rules/load.h\"

namespace highwater::rules {

std::string_view builtin_rules_text() {
  return R\"highwater(${text})highwater\";
}

}  // namespace highwater::rules
")
