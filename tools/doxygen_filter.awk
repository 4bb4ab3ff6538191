# Turns the plain comments of this project into Doxygen's: "// …" before a declaration becomes
# "/// …", "…;  // …" behind one "…;  ///< …". What Doxygen would take for markup is escaped.
function escaped(text) {
  gsub(/[\\<>@#&%$]/, "\\\\&", text)
  return text
}
{
  at = index($0, "//")
  if (at == 0 || substr($0, at, 3) == "///" || substr($0, 1, at - 1) ~ /"/) {
    print
  } else if (substr($0, 1, at - 1) ~ /^[ \t]*$/) {
    print substr($0, 1, at - 1) "///" escaped(substr($0, at + 2))
  } else {
    print substr($0, 1, at - 1) "///<" escaped(substr($0, at + 2))
  }
}
