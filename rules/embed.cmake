# Writes OUTPUT, a C++ source in which FUNCTION of rules/load.h returns the text of INPUT. Run at build time, so that a change of the text is a rebuild.
file(READ "${INPUT}" text)
file(WRITE "${OUTPUT}" "#include \"rules/load.h\"

namespace highwater::rules {

std::string_view ${FUNCTION}() {
  return R\"highwater(${text})highwater\";
}

}  // namespace highwater::rules
")
