# wa_embed(<room> NAMESPACE <ns> HEADER <header> <function> <file>…): each file becomes a function of the header that
# returns its content, as std::string_view.
function(wa_embed room)
  cmake_parse_arguments(EMBED "" "NAMESPACE;HEADER" "" ${ARGN})
  set(rest ${EMBED_UNPARSED_ARGUMENTS})
  while(rest)
    list(POP_FRONT rest function file)
    set(source ${PROJECT_SOURCE_DIR}/${file})
    set(output ${PROJECT_BINARY_DIR}/generated/embedded/${room}_${function}.cpp)
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -DSOURCE=${source} -DOUTPUT=${output} -DFUNCTION=${function}
        -DNAMESPACE=${EMBED_NAMESPACE} -DHEADER=${EMBED_HEADER}
        -P ${PROJECT_SOURCE_DIR}/cmake/embed_file.cmake
      DEPENDS ${source} ${PROJECT_SOURCE_DIR}/cmake/embed_file.cmake VERBATIM)
    target_sources(wa_${room} PRIVATE ${output})
  endwhile()
endfunction()
