// Swagger on our own files: no validator of others, and our CSRF token with every write.
(() => {
  const place = document.getElementById("swagger");
  const token = document.querySelector('meta[name="csrf-token"]');
  if (!place || !window.SwaggerUIBundle) return;
  window.SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    docExpansion: "none",
    tagsSorter: "alpha",
    operationsSorter: "alpha",
    defaultModelsExpandDepth: -1,
    deepLinking: false,
    validatorUrl: null,
    requestInterceptor: (request) => {
      if (token && request.method && request.method !== "GET") request.headers["X-CSRFToken"] = token.content;
      return request;
    },
  });
})();
