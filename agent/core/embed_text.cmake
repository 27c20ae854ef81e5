# Writes OUTPUT, a C++ source in which FUNCTION of HEADER, in NAMESPACE, returns the text of INPUT. Run at build time, so that
# a change of the text is a rebuild.
file(READ "${INPUT}" text)
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"

namespace ${NAMESPACE} {

std::string_view ${FUNCTION}() {
  return R\"highwater(${text})highwater\";
}

}  // namespace ${NAMESPACE}
")
