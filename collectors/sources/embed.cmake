# Writes OUTPUT, a C++ source that returns the text of INPUT. Run at build time, so that a change of the text is a rebuild.
file(READ "${INPUT}" text)
file(WRITE "${OUTPUT}" "#include \"collectors/sources/ready_made.h\"

namespace highwater::sources {

std::string_view ready_made_text() {
  return R\"highwater(${text})highwater\";
}

}  // namespace highwater::sources
")
